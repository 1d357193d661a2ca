import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { administrator, memberWithScopes, verdict, type Member } from '../support/actors/administrators.js';
import type { Answer } from '../support/http/client.js';
import { startServer, type TestServer } from '../support/service/server.js';
import { decode, freshId } from '../support/tokens/tokens.js';

let server: TestServer;
let admin: Member;

beforeAll(async () => {
  server = await startServer();
  admin = await administrator(server);
});
afterAll(() => server.close());

interface Listed {
  readonly id: string;
  readonly current: boolean;
}

function list(id: string, query = '', token = admin.access_token): Promise<Answer<Listed[]>> {
  return server.client.get<Listed[]>(`/users/${id}/sessions${query}`, { token });
}

function end(path: string, member: Member = admin): Promise<Answer> {
  return server.client.request('DELETE', path, { token: member.access_token });
}

const sidOf = (token: string) => String(decode(token).claims['sid']);

async function codeOf(token: string): Promise<unknown> {
  const { status, body } = await server.client.me(token);
  return status === 200 ? 200 : body['code'];
}

describe('the sessions of a user', () => {
  it('are listed as their owner sees them, oldest first, without a current one', async () => {
    const person = await server.client.newcomer();
    const second = await server.client.login(person);
    const answer = await list(person.id);
    const own = await server.client.get<Listed[]>('/auth/sessions', { token: person.access_token });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-total-count')).toBe('2');
    expect(answer.body.map(({ id }) => id)).toEqual([sidOf(person.access_token), sidOf(second.access_token)]);
    expect(answer.body).toEqual(own.body.map((session) => ({ ...session, current: false })));
    for (const query of ['?limit=1&offset=1', `?after=${answer.body[0]?.id}`]) {
      expect((await list(person.id, query)).body).toEqual(answer.body.slice(1));
    }
  });

  it('include the administrator’s own session, marked as current', async () => {
    await server.client.loginForService(admin);
    const current = (await list(admin.id)).body.filter((session) => session.current);
    expect(current.map(({ id }) => id)).toEqual([sidOf(admin.access_token)]);
  });

  it('are [] for a user who is not logged in', async () => {
    const { id } = await server.client.register();
    expect((await list(id)).text).toBe('[]');
  });

  it('end one by one: the tokens of one are refused, the other session lives', async () => {
    const person = await server.client.newcomer();
    const sibling = await server.client.login(person);
    const path = `/users/${person.id}/sessions/${sidOf(person.access_token)}`;
    expect((await end(path)).status).toBe(204);
    expect(await codeOf(person.access_token)).toBe('token_revoked');
    expect(verdict(await server.client.refresh(person.refresh_token))).toEqual([401, 'session_revoked']);
    expect(await codeOf(sibling.access_token)).toBe(200);
    expect((await list(person.id)).body.map(({ id }) => id)).toEqual([sidOf(sibling.access_token)]);
    expect(verdict(await end(path))).toEqual([404, 'not_found']);
  });

  it('are 404 with the same bytes where they are unknown or another user’s', async () => {
    const [person, other] = [await server.client.newcomer(), await server.client.newcomer()];
    const texts = new Set<string>();
    for (const sid of [sidOf(other.access_token), freshId(), 'x', '%00']) {
      const answer = await server.client.request('DELETE', `/users/${person.id}/sessions/${sid}`, {
        token: admin.access_token,
        headers: { 'x-request-id': 'same' },
      });
      expect(verdict(answer)).toEqual([404, 'not_found']);
      texts.add(answer.text);
    }
    expect(texts.size).toBe(1);
    expect(await codeOf(other.access_token)).toBe(200);
  });

  it('end all at once, without effect on later logins and other users', async () => {
    const person = await server.client.newcomer();
    const other = await server.client.newcomer();
    const pairs = [person, await server.client.login(person)];
    expect((await end(`/users/${person.id}/sessions`)).status).toBe(204);
    for (const pair of pairs) {
      expect(await codeOf(pair.access_token)).toBe('token_revoked');
      expect((await server.client.refresh(pair.refresh_token)).status).toBe(401);
    }
    expect((await list(person.id)).text).toBe('[]');
    expect(await codeOf((await server.client.login(person)).access_token)).toBe(200);
    expect(await codeOf(other.access_token)).toBe(200);
    expect((await end(`/users/${person.id}/sessions`)).status).toBe(204);
  });

  it('end for an actor who holds only sessions:write', async () => {
    const helper = await memberWithScopes(server, 'sessions:write');
    const person = await server.client.newcomer();
    const path = `/users/${person.id}/sessions`;
    expect((await end(`${path}/${sidOf(person.access_token)}`, helper)).status).toBe(204);
    expect((await end(path, helper)).status).toBe(204);
    expect(verdict((await list(person.id, '', helper.access_token)) as never)).toEqual([
      403,
      'insufficient_scope',
    ]);
  });

  it('end together with a parallel refresh, whose tokens are refused too', async () => {
    for (let round = 0; round < 20; round++) {
      const person = await server.client.newcomer();
      const [refreshed] = await Promise.all([
        server.client.refresh(person.refresh_token),
        end(`/users/${person.id}/sessions`),
      ]);
      if (refreshed.status !== 200) continue;
      expect(await codeOf(refreshed.body.access_token)).toBe('token_revoked');
      expect((await server.client.refresh(refreshed.body.refresh_token)).status).toBe(401);
    }
  });
});
