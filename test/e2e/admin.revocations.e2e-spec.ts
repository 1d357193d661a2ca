import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  administrator,
  memberWithScopes,
  refusalFor,
  refusalOf,
  verdict,
  type Member,
} from '../support/actors/administrators.js';
import { clientToken, newClient } from '../support/actors/clients.js';
import { SERVICE_SCOPES } from '../../src/access/scopes.js';
import type { Answer } from '../support/http/client.js';
import { startServer, type TestServer } from '../support/service/server.js';
import { decode, freshId } from '../support/tokens/tokens.js';

let server: TestServer;
/** Holds every scope of the service, as a revocation of all needs. */
let responder: Member;

beforeAll(async () => {
  server = await startServer({ env: { JWT_ALGORITHM: 'ES256' } });
  responder = await administrator(server);
});
afterAll(() => server.close());

function revoke(json: unknown, member: Member = responder): Promise<Answer> {
  return server.client.post('/revocations', { token: member.access_token, json });
}

async function codeOf(token: string): Promise<unknown> {
  const { status, body } = await server.client.me(token);
  return status === 200 ? 200 : body['code'];
}

async function expectDead(pair: { access_token: string; refresh_token: string }): Promise<void> {
  expect(await codeOf(pair.access_token)).toBe('token_revoked');
  expect((await server.client.refresh(pair.refresh_token)).status).toBe(401);
}

const sidOf = (token: string) => String(decode(token).claims['sid']);

describe('a revocation by hand', () => {
  it('of a session ends it, and returns the row', async () => {
    const person = await server.client.newcomer();
    const sibling = await server.client.login(person);
    const subject = sidOf(person.access_token);
    const { status, body } = await revoke({
      kind: 'session',
      subject: subject.toUpperCase(),
      reason: 'stolen',
    });
    expect(status).toBe(201);
    expect(body).toEqual({
      seq: expect.any(Number),
      id: expect.any(String),
      kind: 'session',
      subject,
      cutoff: expect.any(String),
      min_version: null,
      soft: false,
      reason: 'stolen',
      created_at: body['cutoff'],
      expires_at: expect.any(String),
    });
    await expectDead(person);
    expect(await codeOf(sibling.access_token)).toBe(200);
  });

  it('of a user kills tokens by their version, whatever the clocks say, and ends the sessions', async () => {
    const person = await server.client.newcomer();
    server.clock.move(3000);
    const early = await server.client.login(person);
    server.clock.move(-3000);
    const { body } = await revoke({ kind: 'user', subject: person.id.toUpperCase() });
    expect(body).toMatchObject({ subject: person.id, min_version: 2, soft: false });
    expect(body['reason']).toBe('revoked by an administrator');
    await expectDead(person);
    await expectDead(early);
    expect(await codeOf((await server.client.login(person)).access_token)).toBe(200);
  });

  it('of a client ends its sessions, and leaves later logins alone', async () => {
    const person = await server.client.newcomer();
    const mine = await server.client.loginForService(responder);
    const { body } = await revoke({ kind: 'client', subject: 'first-party' });
    expect(body).toMatchObject({ kind: 'client', subject: 'first-party', min_version: null });
    await expectDead(person);
    await expectDead(mine);
    responder = { ...responder, ...(await server.client.loginForService(responder)) };
    expect(await codeOf(responder.access_token)).toBe(200);
  });

  it('of a key of the ring drops it', async () => {
    const person = await server.client.newcomer();
    const { kid } = decode(person.access_token).header;
    const { status, body } = await revoke({ kind: 'key', subject: kid });
    expect([status, body['kind'], body['subject']]).toEqual([201, 'key', kid]);
    expect(body['cutoff']).toBe(body['expires_at']);
    // The ring is read again a moment after the commit.
    await until(async () => decode((await server.client.login(person)).access_token).header['kid'] !== kid);
    expect(await codeOf(person.access_token)).toBe('token_revoked');
    const { body: jwks } = await server.client.get<{ keys: Array<{ kid: string }> }>(
      '/.well-known/jwks.json',
    );
    expect(jwks.keys.map((key) => key.kid)).not.toContain(kid);
    responder = { ...responder, ...(await server.client.loginForService(responder)) };
    expect(await codeOf(responder.access_token)).toBe(200);
  });

  it.each([
    ['session', freshId()],
    ['user', freshId()],
    ['client', freshId()],
    ['key', 'no-key'],
  ])('of a %s that the service does not know is not_found', async (kind, subject) => {
    expect(verdict(await revoke({ kind, subject }))).toEqual([404, 'not_found']);
    const rows = await server.database.query('SELECT 1 FROM revocations WHERE subject = $1', [subject]);
    expect(rows).toEqual([]);
  });

  it.each([
    ['user', 'client'],
    ['session', 'client'],
    ['client', 'user'],
    ['session', 'user'],
    ['user', 'session'],
    ['client', 'session'],
  ] as const)('of a %s refuses the id of a %s', async (kind, owner) => {
    const person = await server.client.newcomer();
    const client = await newClient(server, responder);
    const subject = { client: client.client_id, user: person.id, session: sidOf(person.access_token) }[owner];
    const answer = await revoke({ kind, subject });
    expect(verdict(answer)).toEqual([422, 'validation_failed']);
    expect(answer.body['errors']).toEqual([expect.objectContaining({ field: 'subject' })]);
    expect(await codeOf(person.access_token)).toBe(200);
    const token = await clientToken(server, client);
    expect((await server.client.get('/auth/verify', { token })).status).toBe(200);
  });

  it('of a key needs keys:write, and of all or of every login each scope of the service', async () => {
    const responses = await memberWithScopes(server, 'revocations:write');
    const { kid } = decode(responses.access_token).header;
    const key = { kind: 'key', subject: kid };
    expect(refusalOf(await revoke(key, responses))).toEqual(refusalFor('keys:write'));
    for (const json of [
      { kind: 'all', subject: '*' },
      { kind: 'client', subject: 'first-party' },
    ]) {
      expect(refusalOf(await revoke(json, responses))).toEqual(refusalFor(...SERVICE_SCOPES));
      const most = await memberWithScopes(server, ...SERVICE_SCOPES.slice(0, -1));
      expect(refusalOf(await revoke(json, most))).toEqual(refusalFor(...SERVICE_SCOPES));
    }
    expect(await codeOf(responder.access_token)).toBe(200);
    const { body } = await server.client.get('/.well-known/jwks.json');
    expect(JSON.stringify(body)).toContain(String(kid));
  });

  it('of all kills every token and ends every session, also a session that is refreshed meanwhile', async () => {
    for (let round = 0; round < 10; round++) {
      const people = await Promise.all(Array.from({ length: 6 }, () => server.client.newcomer()));
      const [answer, ...refreshed] = await Promise.all([
        revoke({ kind: 'all', subject: '*', reason: 'leak' }),
        ...people.map((person) => server.client.refresh(person.refresh_token)),
      ]);
      expect([answer.status, answer.body['subject']]).toEqual([201, '*']);
      for (const { status, body } of refreshed) if (status === 200) await expectDead(body);
      for (const person of [...people, responder]) await expectDead(person);
      responder = { ...responder, ...(await server.client.loginForService(responder)) };
      expect(await codeOf(responder.access_token)).toBe(200);
    }
    const live = await server.database.query(`SELECT user_id FROM sessions WHERE revoked_at IS NULL`);
    expect(live).toEqual([{ user_id: responder.id }]);
  });

  it.each([
    ['all', '*', 'first-party'],
    ['client', 'first-party', 'first-party'],
    ['client', undefined, undefined],
  ])(
    'of %s %s ends every session of it, more than a transaction looks at',
    async (kind, given, givenClient) => {
      const { id } = await server.client.register();
      const { client_id: own } = await newClient(server, responder);
      const [subject, clientId] = [given ?? own, givenClient ?? own];
      await server.database.query(
        `INSERT INTO sessions (id, user_id, client_id, refresh_token_id, rotated_at, idle_expires_at, expires_at, created_at,
                             last_used_at)
       SELECT gen_random_uuid(), $1, $2, gen_random_uuid(), t, t + interval '7 days', t + interval '30 days', t, t
         FROM generate_series(1, 1500), (SELECT $3::timestamptz - interval '1 day' AS t) times`,
        [id, clientId, new Date(server.clock.now())],
      );
      expect((await revoke({ kind, subject })).status).toBe(201);
      const live = 'SELECT 1 FROM sessions WHERE user_id = $1 AND revoked_at IS NULL';
      expect(await server.database.query(live, [id])).toEqual([]);
      responder = { ...responder, ...(await server.client.loginForService(responder)) };
    },
  );

  it.each([
    ['all', '*'],
    ['client', 'first-party'],
  ])('of %s kills the token too that a refresh under way issues after its time', async (kind, subject) => {
    const person = await server.client.newcomer();
    server.clock.move(2000);
    const late = (await server.client.refresh(person.refresh_token)).body;
    server.clock.move(-2000);
    expect((await revoke({ kind, subject })).status).toBe(201);
    await expectDead(late);
    responder = { ...responder, ...(await server.client.loginForService(responder)) };
  });

  it.each([
    ['subject', { kind: 'all', subject: 'all' }, 'invalid_format'],
    ['subject', { kind: 'session', subject: '*' }, 'invalid_format'],
    ['subject', { kind: 'user', subject: 'ada' }, 'invalid_format'],
    ['subject', { kind: 'client', subject: 'billing' }, 'invalid_format'],
    ['subject', { kind: 'key', subject: 'a\u0000' }, 'control_character'],
    ['subject', { kind: 'key', subject: 'x'.repeat(101) }, 'too_long'],
    ['subject', { kind: 'client' }, 'required'],
    ['kind', { kind: 'token', subject: 'x' }, 'invalid_format'],
    ['reason', { kind: 'key', subject: 'x', reason: '' }, 'too_short'],
    ['soft', { kind: 'key', subject: 'x', soft: true }, 'unknown_field'],
  ])('names the fault of %s of %j', async (field, json, code) => {
    const answer = await revoke(json);
    expect(verdict(answer)).toEqual([422, 'validation_failed']);
    expect(answer.body['errors']).toEqual([expect.objectContaining({ field, code })]);
  });

  it('is stored in the table with its actor', async () => {
    const subject = sidOf((await server.client.newcomer()).access_token);
    const admin = await administrator(server);
    await revoke({ kind: 'session', subject }, admin);
    const rows = await server.database.query('SELECT actor FROM revocations WHERE subject = $1', [subject]);
    expect(rows).toEqual([{ actor: admin.id }]);
  });
});

async function until(question: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 50; attempt++) {
    if (await question()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('not so within five seconds');
}
