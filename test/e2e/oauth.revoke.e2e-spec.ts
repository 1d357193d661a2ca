import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { administrator, type Member } from '../support/actors/administrators.js';
import { clientToken, newClient, oauth, type RegisteredClient } from '../support/actors/clients.js';
import { KeepAliveClient } from '../support/http/keep-alive-client.js';
import { startServer, type TestServer } from '../support/service/server.js';
import { decode, mint, reminted } from '../support/tokens/tokens.js';

let server: TestServer;
let admin: Member;
let client: RegisteredClient;

beforeAll(async () => {
  server = await startServer({ env: { JWT_ALGORITHM: 'HS256' } });
  admin = await administrator(server);
  client = await newClient(server, admin);
});
afterAll(() => server.close());

async function revoke(form: Record<string, string>, as?: RegisteredClient) {
  const { status, text, body } = await oauth(server, 'revoke', form, as);
  return status === 200 ? [200, text] : [status, body['error']];
}

async function verify(token: string): Promise<unknown> {
  const { status, body } = await server.client.get('/auth/verify', { token });
  return status === 200 ? 200 : body['code'];
}

async function refresh(token: string): Promise<unknown> {
  const { status, body } = await server.client.refresh(token);
  return status === 200 ? 200 : body['code'];
}

function events(sessionId: unknown) {
  return server.database.query<Record<string, unknown>>(
    `SELECT action, actor, subject_kind, details FROM audit_events
      WHERE session_id = $1 AND action <> 'session.started' ORDER BY id`,
    [sessionId],
  );
}

describe('a login', () => {
  it.each(['access_token', 'refresh_token'] as const)('ends when its %s is revoked', async (kind) => {
    const person = await server.client.newcomer();
    const elsewhere = await server.client.login(person);
    expect(await revoke({ token: person[kind], client_id: 'first-party' })).toEqual([200, '']);
    expect(await verify(person.access_token)).toBe('token_revoked');
    expect(await refresh(person.refresh_token)).toBe('session_revoked');
    expect(await verify(elsewhere.access_token)).toBe(200);
    const { sid } = decode(person.access_token).claims;
    expect(await events(sid)).toEqual([
      {
        action: 'session.ended',
        actor: person.id,
        subject_kind: 'session',
        details: { reason: 'token revoked' },
      },
    ]);
    expect(await revoke({ token: person[kind] })).toEqual([200, '']);
    expect(await events(sid)).toHaveLength(1);
  });

  it('ends with a wrong hint, and with a refresh token that has been used', async () => {
    const one = await server.client.newcomer();
    expect(await revoke({ token: one.refresh_token, token_type_hint: 'access_token' })).toEqual([200, '']);
    expect(await verify(one.access_token)).toBe('token_revoked');
    const two = await server.client.newcomer();
    const next = (await server.client.refresh(two.refresh_token)).body;
    expect(await revoke({ token: two.refresh_token, token_type_hint: 'nonsense' })).toEqual([200, '']);
    expect([await verify(next.access_token), await refresh(next.refresh_token)]).toEqual([
      'token_revoked',
      'session_revoked',
    ]);
  });

  it('that has expired still has its access token revoked', async () => {
    const person = await server.client.newcomer();
    const { sid } = decode(person.access_token).claims;
    await server.database.query(
      `UPDATE sessions SET expires_at = now() - interval '1 second' WHERE id = $1`,
      [sid],
    );
    expect(await verify(person.access_token)).toBe(200);
    expect(await revoke({ token: person.access_token })).toEqual([200, '']);
    expect(await verify(person.access_token)).toBe('token_revoked');
  });

  it('has no valid token after a revocation that races with refreshes', async () => {
    const fast = new KeepAliveClient(server.url, 6);
    await fast.warmUp();
    const user = await server.client.register();
    for (let round = 0; round < 12; round++) {
      const person = await server.client.login(user);
      const [, ...refreshed] = await Promise.all([
        revoke({ token: round % 2 ? person.refresh_token : person.access_token }),
        fast.refresh(person.refresh_token),
        fast.refresh(person.refresh_token),
      ]);
      for (const { status, body } of refreshed) {
        if (status !== 200) continue;
        expect(await verify(body.access_token)).toBe('token_revoked');
        expect(await refresh(body.refresh_token)).toBe('session_revoked');
      }
      expect(await events(decode(person.access_token).claims['sid'])).toHaveLength(1);
    }
    fast.close();
  });
});

describe('a client', () => {
  it('revokes one of its tokens and leaves the others valid', async () => {
    const [one, other] = [await clientToken(server, client), await clientToken(server, client)];
    expect(await revoke({ token: one }, client)).toEqual([200, '']);
    expect([await verify(one), await verify(other)]).toEqual(['token_revoked', 200]);
    const { sid } = decode(one).claims;
    const details = { kind: 'session', subject: sid, reason: 'token revoked' };
    const event = {
      action: 'revocation.created',
      actor: client.client_id,
      subject_kind: 'revocation',
      details,
    };
    expect(await events(sid)).toEqual([event]);
    expect(await revoke({ token: one, ...client })).toEqual([200, '']);
    expect(await events(sid)).toEqual([event]);
  });

  it('may not revoke a token that was issued to another client (RFC 7009 section 2.1)', async () => {
    const person = await server.client.newcomer();
    const foreign = await newClient(server, admin);
    const token = await clientToken(server, foreign);
    expect(await revoke({ token }, client)).toEqual([400, 'unauthorized_client']);
    expect(await revoke({ token: person.access_token }, client)).toEqual([400, 'unauthorized_client']);
    expect(await revoke({ token: person.refresh_token }, client)).toEqual([400, 'unauthorized_client']);
    expect(await revoke({ token })).toEqual([400, 'unauthorized_client']);
    expect([await verify(token), await verify(person.access_token)]).toEqual([200, 200]);
    expect(await refresh(person.refresh_token)).toBe(200);
  });

  it.each<[string, Record<string, string>]>([
    ['a wrong secret', { client_secret: 'wrong' }],
    ['no secret', { client_secret: '' }],
  ])('with %s revokes nothing', async (_, change) => {
    const token = await clientToken(server, client);
    expect(await revoke({ token, ...client, ...change })).toEqual([401, 'invalid_client']);
    expect(await verify(token)).toBe(200);
  });
});

describe('the revocation endpoint', () => {
  it('answers 200 for an invalid token and stores nothing (RFC 7009 section 2.2)', async () => {
    const { access_token: token } = await server.client.newcomer();
    const { header, claims } = decode(token);
    const texts = [
      'garbage',
      'a.b.c',
      mint(header, claims, 'another secret'),
      reminted(token, server.secret, { exp: 1 }),
      reminted(token, server.secret, { aud: 'another service' }),
    ];
    const [before] = await server.database.query('SELECT count(*) FROM revocations');
    for (const text of texts) {
      expect(await revoke({ token: text })).toEqual([200, '']);
      expect(await revoke({ token: text }, client)).toEqual([200, '']);
    }
    expect(await server.database.query('SELECT count(*) FROM revocations')).toEqual([before]);
    expect(await verify(token)).toBe(200);
  });

  it('refuses a request without a token, and a body that is no form', async () => {
    expect(await revoke({})).toEqual([400, 'invalid_request']);
    expect(await revoke({ token: '' })).toEqual([400, 'invalid_request']);
    expect((await server.client.post('/oauth/revoke', { json: { token: 'x' } })).status).toBe(415);
  });
});
