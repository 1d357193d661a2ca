import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SERVICE_SCOPES } from '../../src/access/scopes.js';
import {
  administrator,
  memberWithScopes,
  refusalFor,
  refusalOf,
  verdict,
  type Member,
} from '../support/actors/administrators.js';
import type { Answer } from '../support/http/client.js';
import { clientToken, newClient, oauth, type RegisteredClient } from '../support/actors/clients.js';
import { KeepAliveClient } from '../support/http/keep-alive-client.js';
import { startServer, type TestServer } from '../support/service/server.js';
import { decode, freshId } from '../support/tokens/tokens.js';

const SECRET = /^latchkey_secret_[\w-]{43}$/;
const DAY_MS = 86_400_000;

let server: TestServer;
let admin: Member;

beforeAll(async () => {
  server = await startServer();
  admin = await administrator(server);
});
afterAll(() => server.close());

function ask(method: string, path: string, json?: unknown, token = admin.access_token): Promise<Answer> {
  return server.client.request(method, path, { token, ...(json !== undefined && { json }) });
}

const create = (json: unknown, token?: string) => ask('POST', '/clients', json, token);
const rotate = (id: string, json?: unknown, token?: string) =>
  ask('POST', `/clients/${id}/secret`, json, token);
const remove = (id: string, token?: string) => ask('DELETE', `/clients/${id}`, undefined, token);

async function statusOf(client: RegisteredClient): Promise<number> {
  return (await oauth(server, 'token', { grant_type: 'client_credentials' }, client)).status;
}

async function verify(token: string): Promise<unknown> {
  const { status, body } = await server.client.get('/auth/verify', { token });
  return status === 200 ? 200 : body['code'];
}

function events(subject: string) {
  return server.database.query<{ action: string; actor: string; details: unknown }>(
    'SELECT action, actor, details FROM audit_events WHERE subject = $1 ORDER BY id',
    [subject],
  );
}

/** Requests tokens concurrently until the client is refused. `asking` resolves to the refusals' statuses. */
function askUntilRefused(client: RegisteredClient, connections: number) {
  const issued: string[] = [];
  const untilRefused = async (): Promise<number> => {
    const { status, body } = await oauth(server, 'token', { grant_type: 'client_credentials' }, client);
    if (status !== 200) return status;
    issued.push(String(body['access_token']));
    return untilRefused();
  };
  return { issued, asking: Promise.all(Array.from({ length: connections }, untilRefused)) };
}

describe('a client', () => {
  it('is created with a secret that is shown once and stored as a hash', async () => {
    const { status, body } = await create({
      name: 'billing',
      scopes: ['tasks:read', 'users:read', 'tasks:read'],
      grants: ['client_credentials'],
    });
    expect([status, body]).toEqual([
      201,
      {
        client_id: expect.any(String),
        client_secret: expect.stringMatching(SECRET),
        name: 'billing',
        scopes: ['tasks:read', 'users:read'],
        grants: ['client_credentials'],
        resources: null,
        created_at: expect.any(String),
      },
    ]);
    const secret = String(body['client_secret']);
    const list = await ask('GET', '/clients?limit=100');
    expect(list.body).toContainEqual({
      client_id: body['client_id'],
      name: 'billing',
      scopes: ['tasks:read', 'users:read'],
      grants: ['client_credentials'],
      resources: null,
      created_at: body['created_at'],
      secrets: [{ created_at: body['created_at'], expires_at: null }],
    });
    expect(list.headers.get('x-total-count')).toBe(String((list.body as unknown as unknown[]).length));
    const [stored] = await server.database.query<{ text: string }>(
      `SELECT json_agg(c)::text || json_agg(s)::text AS text FROM clients c JOIN client_secrets s ON s.client_id = c.id`,
    );
    expect(stored?.text).not.toContain(secret);
    expect(stored?.text).not.toContain(Buffer.from(secret).toString('hex'));
    expect(list.text).not.toContain(secret);
    expect(JSON.stringify(server.log)).not.toContain(secret);
  });

  it('gets client_credentials by default, and no grant for an empty list', async () => {
    expect((await create({ name: 'x', scopes: [] })).body['grants']).toEqual(['client_credentials']);
    expect((await create({ name: 'x', scopes: [], grants: [] })).body['grants']).toEqual([]);
  });

  it.each([
    [{ scopes: [] }, 'name', 'required'],
    [{ name: '', scopes: [] }, 'name', 'too_short'],
    [{ name: 'a\u0000', scopes: [] }, 'name', 'control_character'],
    [{ name: 'a'.repeat(101), scopes: [] }, 'name', 'too_long'],
    [{ name: 'x' }, 'scopes', 'required'],
    [{ name: 'x', scopes: ['a b'] }, 'scopes.0', 'invalid_format'],
    [{ name: 'x', scopes: ['users:delete'] }, 'scopes.0', 'invalid_format'],
    [{ name: 'x', scopes: [], grants: ['password'] }, 'grants.0', 'invalid_format'],
    [{ name: 'x', scopes: [], client_secret: 'my own' }, 'client_secret', 'unknown_field'],
  ])('is not created from %j', async (json, field, code) => {
    const [before] = await server.database.query<{ count: string }>('SELECT count(*) FROM clients');
    const { status, body } = await create(json);
    expect([status, body['errors']]).toEqual([422, [expect.objectContaining({ field, code })]]);
    expect(await server.database.query('SELECT count(*) FROM clients')).toEqual([before]);
  });

  it('is listed page by page', async () => {
    const first = await ask('GET', '/clients?limit=1');
    expect(first.body).toHaveLength(1);
    const next = /<([^>]+)>; rel="next"/.exec(first.headers.get('link') ?? '')?.[1] ?? '';
    expect((await ask('GET', next)).body).not.toEqual(first.body);
    const [{ client_id: id }] = first.body as unknown as [{ client_id: string }];
    expect((await ask('GET', `/clients?limit=1&after=${id}`)).body).not.toEqual(first.body);
  });
});

describe('an administrator', () => {
  it('may not give a client a scope that they do not hold', async () => {
    const member = await memberWithScopes(server, 'clients:write', 'tasks:read');
    const token = member.access_token;
    const refused = await create({ name: 'x', scopes: ['tasks:read', 'users:write'] }, token);
    expect(refusalOf(refused)).toEqual(refusalFor('users:write'));
    expect(refusalOf(await create({ name: 'x', scopes: ['tasks:delete'] }, token))).toEqual(
      refusalFor('roles:write'),
    );
    expect((await create({ name: 'x', scopes: ['tasks:read', 'clients:write'] }, token)).status).toBe(201);
  });

  it('may neither rotate the secret of a client with a scope they do not hold nor remove the client', async () => {
    const member = await memberWithScopes(server, 'clients:write');
    const strong = await newClient(server, admin, { scopes: ['users:write'] });
    const foreign = await newClient(server, admin, { scopes: ['tasks:delete'] });
    for (const refused of [
      await rotate(strong.client_id, {}, member.access_token),
      await remove(strong.client_id, member.access_token),
    ]) {
      expect(refusalOf(refused)).toEqual(refusalFor('users:write'));
    }
    const other = await rotate(foreign.client_id, {}, member.access_token);
    expect(refusalOf(other)).toEqual(refusalFor('roles:write'));
    expect([await statusOf(strong), await statusOf(foreign)]).toEqual([200, 200]);
    expect(refusalOf(await remove(foreign.client_id, member.access_token))).toEqual(
      refusalFor('roles:write'),
    );
  });

  it('may not revoke the tokens of a client with a scope of the service that they do not hold', async () => {
    const member = await memberWithScopes(server, 'revocations:write');
    const { client_id: subject } = await newClient(server, admin, { scopes: ['users:write'] });
    const json = { kind: 'client', subject: subject.toUpperCase() };
    const refused = await ask('POST', '/revocations', json, member.access_token);
    expect(refusalOf(refused)).toEqual(refusalFor('users:write'));
  });
});

describe('a new secret', () => {
  it('leaves the previous secret valid for a day by default', async () => {
    const first = await newClient(server, admin);
    const { status, body } = await rotate(first.client_id);
    expect([status, body['client_id'], body['client_secret']]).toEqual([
      200,
      first.client_id,
      expect.stringMatching(SECRET),
    ]);
    const second = { ...first, client_secret: String(body['client_secret']) };
    expect([await statusOf(first), await statusOf(second)]).toEqual([200, 200]);
    const ends = Date.parse(String(body['previous_expires_at']));
    expect(Math.abs(ends - server.clock.now() - DAY_MS)).toBeLessThan(60_000);
  });

  it('leaves the previous secret valid for the overlap', async () => {
    const first = await newClient(server, admin);
    const { body } = await rotate(first.client_id, { overlap_seconds: 60 });
    const second = { ...first, client_secret: String(body['client_secret']) };
    const ends = Date.parse(String(body['previous_expires_at']));
    await server.move(ends - server.clock.now() - 5000);
    expect([await statusOf(first), await statusOf(second)]).toEqual([200, 200]);
    await server.move(ends - server.clock.now());
    expect([await statusOf(first), await statusOf(second)]).toEqual([401, 200]);
  });

  it('ends the previous secret at once with an overlap of 0', async () => {
    const first = await newClient(server, admin);
    const { body } = await rotate(first.client_id, { overlap_seconds: 0 });
    expect(body['previous_expires_at']).toBeNull();
    expect(await statusOf(first)).toBe(401);
    expect(await statusOf({ ...first, client_secret: String(body['client_secret']) })).toBe(200);
  });

  it('ends the secret before the previous one: two are valid at most', async () => {
    const secrets = [await newClient(server, admin)];
    const id = secrets[0]!.client_id;
    for (let round = 0; round < 2; round++) {
      const { body } = await rotate(id, { overlap_seconds: 60 });
      secrets.push({ client_id: id, client_secret: String(body['client_secret']) });
    }
    expect(await Promise.all(secrets.map(statusOf))).toEqual([401, 200, 200]);
    const { body } = await ask('GET', '/clients?limit=100');
    const listed = (body as unknown as Array<{ client_id: string; secrets: unknown }>).find(
      ({ client_id: one }) => one === id,
    );
    expect(listed?.secrets).toEqual([
      { created_at: expect.any(String), expires_at: null },
      { created_at: expect.any(String), expires_at: expect.any(String) },
    ]);
  });

  it.each([-1, 2_592_001, 1.5, '60'])('is refused with an overlap of %j', async (overlap) => {
    const client = await newClient(server, admin);
    const answer = await rotate(client.client_id, { overlap_seconds: overlap });
    expect(verdict(answer)).toEqual([422, 'validation_failed']);
    expect(await statusOf(client)).toBe(200);
  });

  it('leaves two secrets valid after concurrent rotations', async () => {
    const connections = 8;
    const fast = new KeepAliveClient(server.url, connections);
    await fast.warmUp();
    for (let round = 0; round < 12; round++) {
      const client = await newClient(server, admin);
      const answers = await Promise.all(
        Array.from({ length: connections }, () => rotate(client.client_id, { overlap_seconds: 60 })),
      );
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
      const all = answers.map(({ body }) => ({ ...client, client_secret: String(body['client_secret']) }));
      const statuses = await Promise.all([client, ...all].map(statusOf));
      expect(statuses.filter((status) => status === 200)).toHaveLength(2);
      expect(await events(client.client_id)).toHaveLength(1 + connections);
    }
    fast.close();
  });
});

describe('a leaked secret', () => {
  it('has no valid token once the secret is rotated and the client’s tokens are revoked', async () => {
    const connections = 8;
    const fast = new KeepAliveClient(server.url, connections);
    await fast.warmUp();
    for (let round = 0; round < 10; round++) {
      const client = await newClient(server, admin);
      const { issued, asking } = askUntilRefused(client, connections);
      await new Promise((resolve) => setTimeout(resolve, round % 5));
      const { body } = await rotate(client.client_id, { overlap_seconds: 0 });
      const revoked = await ask('POST', '/revocations', { kind: 'client', subject: client.client_id });
      expect(revoked.status).toBe(201);
      expect(await asking).toEqual(Array.from({ length: connections }, () => 401));
      expect(await Promise.all(issued.map(verify))).toEqual(issued.map(() => 'token_revoked'));
      await server.move(1);
      const next = { ...client, client_secret: String(body['client_secret']) };
      expect(await verify(await clientToken(server, next))).toBe(200);
    }
    fast.close();
  });
});

describe('a removed client', () => {
  it('loses its secrets, and its tokens are revoked', async () => {
    const client = await newClient(server, admin, { scopes: ['tasks:read'] });
    const token = await clientToken(server, client);
    expect(await verify(token)).toBe(200);
    expect((await remove(client.client_id.toUpperCase())).status).toBe(204);
    expect(await verify(token)).toBe('token_revoked');
    expect(await statusOf(client)).toBe(401);
    expect(verdict(await remove(client.client_id))).toEqual([404, 'not_found']);
    expect(verdict(await rotate(client.client_id, {}))).toEqual([404, 'not_found']);
    const left = await server.database.query('SELECT 1 FROM client_secrets WHERE client_id = $1', [
      client.client_id,
    ]);
    expect(left).toEqual([]);
  });

  it('leaves the tokens of other clients and users valid', async () => {
    const [one, other] = [await newClient(server, admin), await newClient(server, admin)];
    const token = await clientToken(server, other);
    await remove(one.client_id);
    expect([await verify(token), (await server.client.me(admin.access_token)).status]).toEqual([200, 200]);
  });

  it('has no valid token after a removal that races with token requests', async () => {
    const connections = 8;
    const fast = new KeepAliveClient(server.url, connections);
    await fast.warmUp();
    for (let round = 0; round < 15; round++) {
      const client = await newClient(server, admin);
      const { issued, asking } = askUntilRefused(client, connections);
      await new Promise((resolve) => setTimeout(resolve, round % 5));
      expect((await remove(client.client_id)).status).toBe(204);
      expect(await asking).toEqual(Array.from({ length: connections }, () => 401));
      expect(await Promise.all(issued.map(verify))).toEqual(issued.map(() => 'token_revoked'));
    }
    fast.close();
  });

  it('has no valid token even if a lagging instance issued it after the removal', async () => {
    const client = await newClient(server, admin);
    const token = await clientToken(server, client);
    await remove(client.client_id);
    const { kid } = decode(token).header;
    const { RevocationFeed } = await import('../support/service/built.js');
    const later = Math.floor(server.clock.now() / 1000) + 30;
    const claims = { ...decode(token).claims, iat: later, jti: freshId() };
    const hit = server.app.get(RevocationFeed).find(claims as never, String(kid));
    expect(hit).toMatchObject({ kind: 'client', reason: 'client deleted', actor: admin.id });
    expect(hit?.revokedAt).toBeLessThanOrEqual(server.clock.now());
  });
});

describe('a client with scopes of the service', () => {
  it('may use them as an administrator may, and is named in the audit log', async () => {
    const client = await newClient(server, admin, {
      scopes: ['users:read', 'clients:read', 'clients:write', 'revocations:write'],
    });
    const token = await clientToken(server, client);
    expect((await server.client.get('/users', { token })).status).toBe(200);
    expect(refusalOf(await ask('GET', '/roles', undefined, token))).toEqual(refusalFor('roles:read'));
    const beyond = await create({ name: 'x', scopes: ['users:write'] }, token);
    expect(refusalOf(beyond)).toEqual(refusalFor('users:write'));
    const made = await create({ name: 'x', scopes: ['users:read'] }, token);
    expect(made.status).toBe(201);
    const id = String(made.body['client_id']);
    expect((await rotate(id, {}, token)).status).toBe(200);
    expect((await remove(id, token)).status).toBe(204);
    expect(await events(id)).toEqual([
      {
        action: 'client.created',
        actor: client.client_id,
        details: { scopes: ['users:read'], grants: ['client_credentials'] },
      },
      {
        action: 'client.secret_rotated',
        actor: client.client_id,
        details: { overlap_seconds: 86_400 },
      },
      { action: 'client.deleted', actor: client.client_id, details: null },
    ]);
  });

  it('holds no more scopes than its token', async () => {
    const client = await newClient(server, admin, { scopes: [...SERVICE_SCOPES] });
    const token = await clientToken(server, client, 'clients:write');
    expect(refusalOf(await create({ name: 'x', scopes: ['users:read'] }, token))).toEqual(
      refusalFor('users:read'),
    );
  });

  it('cannot change a user with scopes that it does not hold', async () => {
    const client = await newClient(server, admin, { scopes: ['users:write'] });
    const token = await clientToken(server, client);
    const person = await server.client.register();
    expect((await ask('PATCH', `/users/${person.id}`, { full_name: 'x' }, token)).status).toBe(200);
    const refused = await ask('PATCH', `/users/${admin.id}`, { full_name: 'x' }, token);
    expect([refused.status, refused.body['code']]).toEqual([403, 'insufficient_scope']);
  });

  it('has its tokens revoked together; the sid of one is no session', async () => {
    const client = await newClient(server, admin);
    const [one, other] = [await clientToken(server, client), await clientToken(server, client)];
    const subject = decode(one).claims['sid'];
    expect((await ask('POST', '/revocations', { kind: 'session', subject })).status).toBe(404);
    expect([await verify(one), await verify(other)]).toEqual([200, 200]);
    expect((await ask('POST', '/revocations', { kind: 'client', subject: client.client_id })).status).toBe(
      201,
    );
    expect([await verify(one), await verify(other)]).toEqual(['token_revoked', 'token_revoked']);
    await server.move(1);
    expect(await verify(await clientToken(server, client))).toBe(200);
  });
});
