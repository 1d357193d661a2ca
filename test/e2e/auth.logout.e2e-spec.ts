import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { disableAccount, enableAccount } from '../support/actors/administrators.js';
import { startServer, type TestServer } from '../support/service/server.js';

let server: TestServer;

beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

async function codeOf(token: string): Promise<unknown> {
  const { status, body } = await server.client.me(token);
  return status === 200 ? 200 : body['code'];
}

async function refreshCode(token: string): Promise<unknown> {
  const { status, body } = await server.client.refresh(token);
  return status === 200 ? 200 : body['code'];
}

interface SessionItem {
  readonly id: string;
  readonly current: boolean;
}

describe('logging out', () => {
  it('ends this session at once and keeps the user’s other session', async () => {
    const person = await server.client.newcomer();
    const sibling = await server.client.login(person);
    const answer = await server.client.post('/auth/logout', { token: person.access_token });
    expect([answer.status, answer.text]).toEqual([204, '']);
    const dead = await server.client.me(person.access_token);
    expect(dead.body).toMatchObject({ code: 'token_revoked', detail: 'Token has been revoked' });
    expect(dead.headers.get('www-authenticate')).toBe(
      'Bearer error="invalid_token", error_description="Token has been revoked"',
    );
    expect(await refreshCode(person.refresh_token)).toBe('session_revoked');
    expect(await codeOf(sibling.access_token)).toBe(200);
    expect(await refreshCode(sibling.refresh_token)).toBe(200);
  });

  it('everywhere ends every session, and a login right after works', async () => {
    const person = await server.client.newcomer();
    const sibling = await server.client.login(person);
    const { status } = await server.client.post('/auth/logout-all', { token: sibling.access_token });
    expect(status).toBe(204);
    for (const { access_token: access, refresh_token: refresh } of [person, sibling]) {
      expect(await codeOf(access)).toBe('token_revoked');
      expect(await refreshCode(refresh)).toBe('session_revoked');
    }
    const again = await server.client.login(person);
    expect(await codeOf(again.access_token)).toBe(200);
  });

  it('everywhere keeps the sessions of other users', async () => {
    const [person, other] = [await server.client.newcomer(), await server.client.newcomer()];
    await server.client.post('/auth/logout-all', { token: person.access_token });
    expect(await codeOf(other.access_token)).toBe(200);
  });
});

describe('the list of sessions', () => {
  it('shows the live sessions and marks the current one', async () => {
    const person = await server.client.newcomer();
    await server.client.login(person);
    const ended = await server.client.login(person);
    await server.client.post('/auth/logout', { token: ended.access_token });
    const { status, body, headers } = await server.client.get<SessionItem[]>('/auth/sessions', {
      token: person.access_token,
      headers: { 'user-agent': 'test' },
    });
    expect(status).toBe(200);
    expect(headers.get('x-total-count')).toBe('2');
    expect(body.map(({ current }) => current)).toEqual([true, false]);
    expect(body[0]).toEqual({
      id: expect.any(String),
      current: true,
      created_at: expect.any(String),
      last_used_at: expect.any(String),
      expires_at: expect.any(String),
      ip: '127.0.0.1',
      user_agent: expect.any(String),
    });
  });

  it('ends one of the user’s sessions at once', async () => {
    const person = await server.client.newcomer();
    const other = await server.client.login(person);
    const { body } = await server.client.get<SessionItem[]>('/auth/sessions', { token: person.access_token });
    const id = body.find(({ current }) => !current)?.id;
    const path = `/auth/sessions/${id}`;
    expect((await server.client.request('DELETE', path, { token: person.access_token })).status).toBe(204);
    expect(await codeOf(other.access_token)).toBe('token_revoked');
    expect((await server.client.request('DELETE', path, { token: person.access_token })).status).toBe(404);
  });

  it('answers the same 404 for the session of another user and for an unknown one', async () => {
    const [person, other] = [await server.client.newcomer(), await server.client.newcomer()];
    const { body } = await server.client.get<SessionItem[]>('/auth/sessions', { token: other.access_token });
    const foreign = body[0]?.id;
    const answers = [];
    for (const id of [foreign, '01890000-0000-7000-8000-000000000000', 'nonsense']) {
      answers.push(
        await server.client.request('DELETE', `/auth/sessions/${id}`, { token: person.access_token }),
      );
    }
    const seen = answers.map(({ status, body: problem }) => ({ status, ...problem, request_id: '' }));
    expect(seen[0]).toMatchObject({ status: 404, code: 'not_found' });
    expect(seen[1]).toEqual(seen[0]);
    expect(seen[2]).toEqual(seen[0]);
    expect(await codeOf(other.access_token)).toBe(200);
  });
});

describe('an account that is deleted or disabled', () => {
  it('loses its tokens and sessions when its owner deletes it', async () => {
    const person = await server.client.newcomer();
    const { status } = await server.client.request('DELETE', '/users/me', { token: person.access_token });
    expect(status).toBe(204);
    expect(await codeOf(person.access_token)).toBe('token_revoked');
    expect(await refreshCode(person.refresh_token)).toBe('session_revoked');
    const { username, password } = person;
    const login = await server.client.post('/auth/login', { json: { username, password } });
    expect(login.body['code']).toBe('invalid_credentials');
    expect(await server.database.query('SELECT 1 FROM sessions WHERE user_id = $1', [person.id])).toEqual([]);
  });

  it('is refused at once when it is disabled, and its old sessions stay ended when it is enabled again', async () => {
    const person = await server.client.newcomer();
    await disableAccount(server, person.id);
    expect(await codeOf(person.access_token)).toBe('token_revoked');
    expect(await refreshCode(person.refresh_token)).toBe('session_revoked');
    await enableAccount(server, person.id);
    expect(await refreshCode(person.refresh_token)).toBe('session_revoked');
    expect(await codeOf((await server.client.login(person)).access_token)).toBe(200);
  });
});

describe('changing the password', () => {
  it('ends every other session and keeps this one', async () => {
    const person = await server.client.newcomer();
    const other = await server.client.login(person);
    const change = { current_password: person.password, new_password: 'another long phrase' };
    const answer = await server.client.request('PUT', '/users/me/password', {
      token: person.access_token,
      json: change,
    });
    expect(answer.status).toBe(204);
    expect(await codeOf(person.access_token)).toBe(200);
    expect(await refreshCode(person.refresh_token)).toBe(200);
    expect(await codeOf(other.access_token)).toBe('token_revoked');
    expect(await refreshCode(other.refresh_token)).toBe('session_revoked');
    await server.client.login({ username: person.username, password: 'another long phrase' });
    const { username, password } = person;
    expect((await server.client.post('/auth/login', { json: { username, password } })).status).toBe(401);
  });

  it('is refused without the current password, and changes nothing', async () => {
    const person = await server.client.newcomer();
    const change = { current_password: 'not the password', new_password: 'another long phrase' };
    const { status, body } = await server.client.request('PUT', '/users/me/password', {
      token: person.access_token,
      json: change,
    });
    expect([status, body['code']]).toEqual([401, 'invalid_credentials']);
    await server.client.login(person);
  });

  it('leaves no session of a parallel login with the old password', async () => {
    for (let round = 0; round < 10; round++) {
      const person = await server.client.newcomer();
      const json = { current_password: person.password, new_password: `new phrase ${round}` };
      const { username, password } = person;
      const logins = Array.from({ length: 6 }, () =>
        server.client.post<{ refresh_token?: string }>('/auth/login', { json: { username, password } }),
      );
      const change = server.client.request('PUT', '/users/me/password', { token: person.access_token, json });
      const [changed, ...answers] = await Promise.all([change, ...logins]);
      expect(changed.status).toBe(204);
      for (const { body } of answers) {
        if (body.refresh_token !== undefined)
          expect(await refreshCode(body.refresh_token)).toBe('session_revoked');
      }
      const live = await server.database.query(
        'SELECT id FROM sessions WHERE user_id = $1 AND revoked_at IS NULL',
        [person.id],
      );
      expect(live).toHaveLength(1);
    }
  });
});
