import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import type { Answer, Client, TokenPair } from '../support/http/client.js';
import { clientToken, newClient, oauth } from '../support/actors/clients.js';
import { Deployment, ROOT, WITH_ROOT } from '../support/service/deployment.js';
import { eventually, type ServiceProcess } from '../support/service/process.js';
import { decode, pathOpenTo } from '../support/tokens/tokens.js';

const ROUNDS = 3;
const SPREAD_MS = 1000;

const challenge = (description: string) => `Bearer error="invalid_token", error_description="${description}"`;
const ACCEPTED = [200, undefined, null];
const REVOKED = [401, 'token_revoked', challenge('Token has been revoked')];
const STALE = [401, 'token_stale', challenge('Permissions have changed, refresh the token')];

let deployment: Deployment;
let instances: [ServiceProcess, ServiceProcess];
let admin: TokenPair;
/** Tokens that no test revokes. */
let bystander: TokenPair;

beforeAll(async () => {
  deployment = await Deployment.open({ env: { ...WITH_ROOT, JWT_ALGORITHM: 'ES256' } });
  instances = await deployment.startTwo();
  admin = await instances[0].client.loginForService(ROOT);
  bystander = await instances[0].client.newcomer();
});
afterAll(() => deployment.close());

/** The instance that revokes and the instance that is observed. They swap in the next round. */
async function everyRound(work: (here: Client, there: Client) => Promise<void>): Promise<void> {
  const [one, other] = instances.map(({ client }) => client) as [Client, Client];
  for (let round = 0; round < ROUNDS; round++) await (round % 2 ? work(other, one) : work(one, other));
}

/** The response of an instance to a token. */
async function seen(client: Client, token: string): Promise<unknown[]> {
  const { status, body, headers } = await client.get(pathOpenTo(token), { token });
  return [status, body['code'], headers.get('www-authenticate')];
}

/** The first response other than 200 must be the expected one, and come within a second. */
async function expectFelt(client: Client, token: string, refusal: unknown[]): Promise<void> {
  let answer: unknown[] = ACCEPTED;
  const refused = async () => {
    answer = await seen(client, token);
    return answer[0] !== 200;
  };
  expect(await eventually(SPREAD_MS, refused)).toBeLessThan(SPREAD_MS);
  expect(answer).toEqual(refusal);
}

async function expectAccepted(client: Client, ...tokens: string[]): Promise<void> {
  for (const token of tokens) expect(await seen(client, token)).toEqual(ACCEPTED);
}

function administer(client: Client, method: string, path: string, json?: unknown): Promise<Answer> {
  return client.request(method, path, { token: admin.access_token, ...(json !== undefined && { json }) });
}

async function newRole(client: Client, ...scopes: string[]): Promise<string> {
  const name = `r-${randomBytes(5).toString('hex')}`;
  expect((await administer(client, 'PUT', `/roles/${name}`, { scopes })).status).toBe(200);
  return name;
}

const sidOf = (token: string) => String(decode(token).claims['sid']);
const kidOf = (token: string) => String(decode(token).header['kid']);

/** Recently used sessions get revocations of their own; the others are hit by the revocation of all only. */
async function leaveIdle(token: string): Promise<void> {
  const idle = `UPDATE sessions SET last_used_at = last_used_at - interval '1 hour' WHERE id = $1 RETURNING id`;
  expect(await deployment.query(idle, [sidOf(token)])).toHaveLength(1);
}

async function publishedBy(client: Client): Promise<string[]> {
  const { body } = await client.get<{ keys: Array<{ kid: string }> }>('/.well-known/jwks.json');
  return body.keys.map(({ kid }) => kid);
}

/** A revoking request, its expected status, and the access tokens that it kills and leaves. */
interface Revoking {
  readonly act: () => Promise<Answer>;
  readonly status: number;
  readonly kills: readonly string[];
  readonly leaves?: readonly string[];
}

const REVOKING: Readonly<Record<string, (here: Client, there: Client) => Promise<Revoking>>> = {
  'a logout': async (here) => {
    const { access_token: token } = await here.newcomer();
    return { act: () => here.post('/auth/logout', { token }), status: 204, kills: [token] };
  },
  'a logout everywhere': async (here, there) => {
    const person = await here.newcomer();
    const { access_token: token } = await there.login(person);
    const kills = [person.access_token, token];
    return { act: () => here.post('/auth/logout-all', { token }), status: 204, kills };
  },
  'the removal of another session of one’s own': async (here, there) => {
    const { access_token: token, ...person } = await here.newcomer();
    const { access_token: removed } = await there.login(person);
    const act = () => here.request('DELETE', `/auth/sessions/${sidOf(removed)}`, { token });
    return { act, status: 204, kills: [removed], leaves: [token] };
  },
  'the removal of a session by an administrator': async (here, there) => {
    const { access_token: token, ...person } = await here.newcomer();
    const { access_token: removed } = await there.login(person);
    const act = () => administer(here, 'DELETE', `/users/${person.id}/sessions/${sidOf(removed)}`);
    return { act, status: 204, kills: [removed], leaves: [token] };
  },
  'a change of the password': async (here, there) => {
    const { access_token: token, ...person } = await here.newcomer();
    const { access_token: other } = await there.login(person);
    const json = { current_password: person.password, new_password: `${person.password} anew` };
    const act = () => here.request('PUT', '/users/me/password', { token, json });
    return { act, status: 204, kills: [other], leaves: [token] };
  },
  'the disabling of a user': async (here) => {
    const { access_token: token, id } = await here.newcomer();
    const act = () => administer(here, 'PATCH', `/users/${id}`, { status: 'disabled' });
    return { act, status: 200, kills: [token] };
  },
  'the deletion of a user': async (here) => {
    const { access_token: token, id } = await here.newcomer();
    return { act: () => administer(here, 'DELETE', `/users/${id}`), status: 204, kills: [token] };
  },
  'a token that is given back': async (here) => {
    const { access_token: token } = await here.newcomer();
    const act = () => oauth({ client: here }, 'revoke', { token });
    return { act, status: 200, kills: [token] };
  },
  'a token that a client gives back': async (here, there) => {
    const client = await newClient({ client: here }, admin);
    const token = await clientToken({ client: there }, client);
    const other = await clientToken({ client: there }, client);
    const act = () => oauth({ client: here }, 'revoke', { token }, client);
    return { act, status: 200, kills: [token], leaves: [other] };
  },
  'the removal of a client': async (here, there) => {
    const client = await newClient({ client: here }, admin);
    const kills = [await clientToken({ client: here }, client), await clientToken({ client: there }, client)];
    const act = () => administer(here, 'DELETE', `/clients/${client.client_id}`);
    return { act, status: 204, kills };
  },
  'a refresh token that is presented when its child was used already': async (here, there) => {
    const grandparent = await here.newcomer();
    const { body: parent } = await there.refresh(grandparent.refresh_token);
    const { body: live } = await here.refresh(parent.refresh_token);
    const kills = [grandparent, parent, live].map((pair) => pair.access_token);
    return { act: () => here.refresh(grandparent.refresh_token), status: 401, kills };
  },
};

describe('on the other instance, within a second', () => {
  it.each(Object.entries(REVOKING))(
    '%s kills the tokens of its subject, and no others',
    async (_, prepare) => {
      await everyRound(async (here, there) => {
        const { act, status, kills, leaves = [] } = await prepare(here, there);
        await expectAccepted(there, bystander.access_token, ...kills, ...leaves);
        expect((await act()).status).toBe(status);
        await Promise.all(kills.map((token) => expectFelt(there, token, REVOKED)));
        await expectAccepted(there, bystander.access_token, ...leaves);
      });
    },
  );

  it.each([
    ['a change of a user’s roles', 'PATCH'],
    ['a change of the scopes of a user’s role', 'PUT'],
  ])('%s makes tokens stale, and a refresh brings the new scopes', async (_, method) => {
    await everyRound(async (here, there) => {
      const person = await here.register();
      const roles = [await newRole(here, 'tasks:read'), await newRole(here, 'tasks:delete')];
      const give = (role = '') => administer(here, 'PATCH', `/users/${person.id}`, { roles: [role] });
      const redefine = (role = '') => administer(here, 'PUT', `/roles/${role}`, { scopes: ['tasks:delete'] });
      expect((await give(roles[0])).status).toBe(200);
      const pair = await here.login(person);
      expect(pair.scope).toBe('tasks:read');
      await expectAccepted(there, bystander.access_token, pair.access_token);

      expect((await (method === 'PUT' ? redefine(roles[0]) : give(roles[1]))).status).toBe(200);
      await expectFelt(there, pair.access_token, STALE);
      const { status, body: fresh } = await there.refresh(pair.refresh_token);
      expect([status, fresh.scope]).toEqual([200, 'tasks:delete']);
      await expectAccepted(there, bystander.access_token, fresh.access_token);
      await expectAccepted(here, fresh.access_token);
    });
  });

  it('the removal of a client kills the tokens that another instance issues to it meanwhile', async () => {
    await everyRound(async (here, there) => {
      const client = await newClient({ client: here }, admin);
      const issued: string[] = [];
      const untilRefused = async (): Promise<number> => {
        const { status, body } = await oauth(
          { client: there },
          'token',
          { grant_type: 'client_credentials' },
          client,
        );
        if (status !== 200) return status;
        issued.push(String(body['access_token']));
        return untilRefused();
      };
      const asking = Promise.all([untilRefused(), untilRefused(), untilRefused(), untilRefused()]);
      while (issued.length < 10) await clientToken({ client: there }, client);
      expect((await administer(here, 'DELETE', `/clients/${client.client_id}`)).status).toBe(204);
      expect(await asking).toEqual([401, 401, 401, 401]);
      await Promise.all(issued.map((token) => expectFelt(there, token, REVOKED)));
    });
  });

  it('a compromised key kills every token it signed, and a new login gets another key', async () => {
    await everyRound(async (here, there) => {
      admin = await here.loginForService(ROOT);
      const person = await there.newcomer();
      const kid = kidOf(person.access_token);
      await expectAccepted(there, admin.access_token, person.access_token);
      expect((await administer(here, 'POST', '/keys/rotate', { compromised: kid })).status).toBe(200);
      const killed = [admin.access_token, person.access_token];
      await Promise.all(killed.map((token) => expectFelt(there, token, REVOKED)));

      // Each instance reads the ring once a second: until then a login may still be signed with the dead key.
      await eventually(2 * SPREAD_MS, async () => !(await publishedBy(there)).includes(kid));
      const { access_token: fresh } = await there.login(person);
      expect(kidOf(fresh)).not.toBe(kid);
      await expectAccepted(there, fresh);
      await expectAccepted(here, fresh);
    });
  });

  it('a revocation of all kills every earlier token, and none of a new login', async () => {
    await everyRound(async (here, there) => {
      admin = await here.loginForService(ROOT);
      const person = await there.newcomer();
      await leaveIdle(person.access_token);
      const killed = [admin.access_token, person.access_token];
      await expectAccepted(there, ...killed);
      const all = { kind: 'all', subject: '*', reason: 'test' };
      expect((await administer(here, 'POST', '/revocations', all)).status).toBe(201);
      await Promise.all(killed.map((token) => expectFelt(there, token, REVOKED)));
      const { access_token: fresh } = await there.login(person);
      await expectAccepted(there, fresh);
      await expectAccepted(here, fresh);
    });
  });
});
