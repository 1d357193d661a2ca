import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  administrator,
  memberWithRoles,
  memberWithScopes,
  newRole,
  type Member,
  disableAccount,
} from '../support/actors/administrators.js';
import type { Person, TokenPair } from '../support/http/client.js';
import { clientToken, newClient, oauth, type RegisteredClient } from '../support/actors/clients.js';
import { startServer, type TestServer } from '../support/service/server.js';
import { decode, freshId, mint, reminted } from '../support/tokens/tokens.js';

let server: TestServer;
let admin: Member;
let asking: RegisteredClient;

beforeAll(async () => {
  server = await startServer({ env: { JWT_ALGORITHM: 'HS256' } });
  admin = await administrator(server);
  asking = await newClient(server, admin, { grants: [] });
});
afterAll(() => server.close());

async function introspect(token: string, more: Record<string, string> = {}) {
  const { status, body } = await oauth(server, 'introspect', { token, ...more }, asking);
  expect(status).toBe(200);
  return body;
}

async function expectInactive(...tokens: string[]): Promise<void> {
  for (const token of tokens) expect(await introspect(token)).toEqual({ active: false });
}

async function expectActive(...tokens: string[]): Promise<void> {
  for (const token of tokens) expect(await introspect(token)).toMatchObject({ active: true });
}

describe('introspection (RFC 7662)', () => {
  it('returns the claims of an access token, without name or e-mail address', async () => {
    const member = await memberWithScopes(server, 'tasks:read', 'tasks:write');
    const { claims } = decode(member.access_token);
    const { exp, iat, sub, aud, iss, jti, sid } = claims;
    expect(await introspect(member.access_token)).toEqual({
      active: true,
      scope: 'tasks:read tasks:write',
      client_id: 'first-party',
      token_type: 'bearer',
      ...{ exp, iat, sub, aud, iss, jti, sid },
    });
    expect(sub).toBe(member.id);
  });

  it('returns the claims of a refresh token, with its own token_type and without a scope', async () => {
    const { refresh_token: token } = await server.client.newcomer();
    const { exp, iat, sub, aud, iss, jti, sid } = decode(token).claims;
    expect(await introspect(token)).toEqual({
      active: true,
      client_id: 'first-party',
      token_type: 'refresh_token',
      ...{ exp, iat, sub, aud, iss, jti, sid },
    });
  });

  it('returns the claims of a client’s token', async () => {
    const client = await newClient(server, admin, { scopes: ['tasks:read'] });
    const { client_id: id } = client;
    expect(await introspect(await clientToken(server, client))).toMatchObject({
      active: true,
      sub: id,
      client_id: id,
      scope: 'tasks:read',
    });
  });

  it.each(['access_token', 'refresh_token', 'something'])('ignores the hint %s', async (hint) => {
    const { access_token: access, refresh_token: refresh } = await server.client.newcomer();
    for (const token of [access, refresh]) {
      expect(await introspect(token, { token_type_hint: hint })).toMatchObject({ active: true });
    }
  });

  it('is not cached', async () => {
    const answer = await oauth(server, 'introspect', { token: 'x' }, asking);
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  it.each<[string, () => Record<string, string>, () => RegisteredClient | undefined, number, string]>([
    ['a request without a client', () => ({ token: 'x' }), () => undefined, 401, 'invalid_client'],
    [
      'the public client',
      () => ({ token: 'x', client_id: 'first-party' }),
      () => undefined,
      401,
      'invalid_client',
    ],
    [
      'a wrong secret',
      () => ({ token: 'x' }),
      () => ({ ...asking, client_secret: 'x' }),
      401,
      'invalid_client',
    ],
    ['a request without client and token', () => ({ x: 'y' }), () => undefined, 401, 'invalid_client'],
    ['a client without a token', () => ({ x: 'y' }), () => asking, 400, 'invalid_request'],
    ['a client with an empty token', () => ({ token: '' }), () => asking, 400, 'invalid_request'],
    [
      'a client with a token over the limit',
      () => ({ token: 'x'.repeat(17_000) }),
      () => asking,
      400,
      'invalid_request',
    ],
  ])('is refused to %s', async (_, form, client, status, error) => {
    const answer = await oauth(server, 'introspect', form(), client());
    expect([answer.status, answer.body['error']]).toEqual([status, error]);
    expect(answer.headers.get('www-authenticate')).toBe(status === 401 ? 'Basic realm="latchkey"' : null);
  });

  it('is refused to a user’s access token', async () => {
    const answer = await server.client.post('/oauth/introspect', {
      form: { token: admin.access_token },
      token: admin.access_token,
    });
    expect([answer.status, answer.body['error']]).toEqual([401, 'invalid_client']);
  });
});

describe('introspection returns {"active": false} alone for', () => {
  let person: Person & TokenPair;

  it('a token that this service did not issue', async () => {
    const { access_token: token } = await server.client.newcomer();
    const { header, claims } = decode(token);
    await expectInactive(
      'garbage',
      'a.b.c',
      token.slice(0, -2),
      mint(header, claims, 'another secret'),
      mint({ ...header, alg: 'none' }, claims, server.secret),
      reminted(token, server.secret, { iss: 'https://elsewhere.example' }),
      reminted(token, server.secret, { aud: 'another service' }),
      reminted(token, server.secret, { iat: 9_999_999_999 }),
      reminted(token, server.secret, { type: 'other' }),
    );
  });

  it('the tokens of a session that has ended', async () => {
    person = await server.client.newcomer();
    await expectActive(person.access_token, person.refresh_token);
    await server.client.post('/auth/logout', { token: person.access_token });
    await expectInactive(person.access_token, person.refresh_token);
  });

  it('the tokens of a disabled user', async () => {
    person = await server.client.newcomer();
    await disableAccount(server, person.id);
    await expectInactive(person.access_token, person.refresh_token);
  });

  it('the tokens of a deleted user', async () => {
    person = await server.client.newcomer();
    await server.client.request('DELETE', '/users/me', { token: person.access_token });
    await expectInactive(person.access_token, person.refresh_token);
  });

  it('an access token whose permissions have changed, while its refresh token stays active', async () => {
    const role = await newRole(server, 'tasks:read');
    person = await memberWithRoles(server, role);
    const path = `/roles/${role}`;
    await server.client.request('PUT', path, { token: admin.access_token, json: { scopes: [] } });
    await expectInactive(person.access_token);
    await expectActive(person.refresh_token);
  });

  it('a refresh token that a refresh would refuse, and ends no session by it', async () => {
    person = await server.client.newcomer();
    const second = (await server.client.refresh(person.refresh_token)).body;
    // Within the window a refresh with the first token returns the second, so the first is active.
    await expectActive(person.refresh_token, second.refresh_token);
    const third = (await server.client.refresh(second.refresh_token)).body;
    for (let again = 0; again < 3; again++) {
      await expectInactive(person.refresh_token);
      await expectActive(second.refresh_token, third.refresh_token, third.access_token);
    }
    expect((await server.client.refresh(third.refresh_token)).status).toBe(200);
  });

  it('a refresh token without a session', async () => {
    const { refresh_token: token } = await server.client.newcomer();
    await expectInactive(reminted(token, server.secret, { sid: freshId() }));
  });

  it('the token of a removed client, which may not introspect any more', async () => {
    const client = await newClient(server, admin);
    const token = await clientToken(server, client);
    await server.client.request('DELETE', `/clients/${client.client_id}`, { token: admin.access_token });
    await expectInactive(token);
    expect((await oauth(server, 'introspect', { token }, client)).status).toBe(401);
  });

  it('tokens that have expired', async () => {
    person = await server.client.newcomer();
    await server.move(900_000);
    await expectInactive(person.access_token);
    await expectActive(person.refresh_token);
    await server.move(7 * 86_400_000);
    await expectInactive(person.refresh_token);
  });
});
