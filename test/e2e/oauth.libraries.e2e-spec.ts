import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { administrator, type Member } from '../support/actors/administrators.js';
import { newClient, type RegisteredClient } from '../support/actors/clients.js';
import { startServer, type TestServer } from '../support/service/server.js';

/** The libraries' switch for an issuer without TLS; every other setting is their default. */
const HTTP = { [oauth.allowInsecureRequests]: true };

let server: TestServer;
let admin: Member;
let client: RegisteredClient;

beforeAll(async () => {
  server = await startServer({ ownIssuer: true, env: { JWT_ALGORITHM: 'ES256' } });
  admin = await administrator(server);
  client = await newClient(server, admin, { scopes: ['tasks:read', 'tasks:write'] });
});
afterAll(() => server.close());

/** The error of a call that must fail. */
async function refusal(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => 'was not refused',
    (error: unknown) => error,
  );
}

describe('oauth4webapi', () => {
  let as: oauth.AuthorizationServer;
  const self = (): oauth.Client => ({ client_id: client.client_id });

  beforeAll(async () => {
    const issuer = new URL(server.url);
    const answer = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...HTTP });
    as = await oauth.processDiscoveryResponse(issuer, answer);
  });

  async function grant(
    authentication: oauth.ClientAuth,
    scope?: string,
  ): Promise<oauth.TokenEndpointResponse> {
    const parameters: Record<string, string> = scope === undefined ? {} : { scope };
    const answer = await oauth.clientCredentialsGrantRequest(as, self(), authentication, parameters, HTTP);
    return oauth.processClientCredentialsResponse(as, self(), answer);
  }

  async function introspect(token: string): Promise<oauth.IntrospectionResponse> {
    const authentication = oauth.ClientSecretBasic(client.client_secret);
    const answer = await oauth.introspectionRequest(as, self(), authentication, token, HTTP);
    return oauth.processIntrospectionResponse(as, self(), answer);
  }

  async function revoke(who: oauth.Client, authentication: oauth.ClientAuth, token: string): Promise<void> {
    await oauth.processRevocationResponse(
      await oauth.revocationRequest(as, who, authentication, token, HTTP),
    );
  }

  it('discovers the service by its metadata', () => {
    expect(as).toMatchObject({ issuer: server.url, token_endpoint: `${server.url}/oauth/token` });
  });

  it.each([
    ['client_secret_basic', oauth.ClientSecretBasic],
    ['client_secret_post', oauth.ClientSecretPost],
  ])('gets a token with %s', async (_, method) => {
    const answer = await grant(method(client.client_secret), 'tasks:read');
    expect(answer).toMatchObject({ token_type: 'bearer', scope: 'tasks:read', expires_in: 900 });
    expect(answer.refresh_token).toBeUndefined();
  });

  it('validates the token by RFC 9068 and the published keys', async () => {
    for (const token of [
      (await grant(oauth.ClientSecretBasic(client.client_secret))).access_token,
      (await server.client.newcomer()).access_token,
    ]) {
      const request = new Request('http://api.example/tasks', {
        headers: { authorization: `Bearer ${token}` },
      });
      const claims = await oauth.validateJwtAccessToken(as, request, 'latchkey', HTTP);
      expect(claims).toMatchObject({ iss: server.url, aud: 'latchkey' });
      const elsewhere = oauth.validateJwtAccessToken(as, request.clone(), 'another', HTTP);
      expect(await refusal(elsewhere)).toBeInstanceOf(Error);
    }
  });

  it('introspects and revokes a token', async () => {
    const { access_token: token } = await grant(oauth.ClientSecretPost(client.client_secret));
    expect(await introspect(token)).toMatchObject({ active: true, sub: client.client_id });
    await revoke(self(), oauth.ClientSecretPost(client.client_secret), token);
    expect(await introspect(token)).toEqual({ active: false });
    await revoke(self(), oauth.ClientSecretBasic(client.client_secret), 'garbage');
  });

  it('revokes a login as the public client', async () => {
    const { refresh_token: token } = await server.client.newcomer();
    expect(await introspect(token)).toMatchObject({ active: true });
    await revoke({ client_id: 'first-party' }, oauth.None(), token);
    expect(await introspect(token)).toEqual({ active: false });
  });

  it('reports a wrong secret, a refused scope and a token of another client', async () => {
    const wrong = await refusal(grant(oauth.ClientSecretBasic('wrong')));
    expect(wrong).toBeInstanceOf(oauth.WWWAuthenticateChallengeError);
    expect(wrong).toMatchObject({
      status: 401,
      cause: [{ scheme: 'basic', parameters: { realm: 'latchkey' } }],
    });
    const more = await refusal(grant(oauth.ClientSecretBasic(client.client_secret), 'users:write'));
    expect(more).toBeInstanceOf(oauth.ResponseBodyError);
    expect(more).toMatchObject({ error: 'invalid_scope', status: 400 });
    const foreign = await refusal(
      revoke(self(), oauth.ClientSecretBasic(client.client_secret), admin.access_token),
    );
    expect(foreign).toMatchObject({ error: 'unauthorized_client', status: 400 });
  });
});

describe('openid-client', () => {
  const discover = (id: string, secret?: string, authentication?: openid.ClientAuth) =>
    openid.discovery(new URL(server.url), id, secret, authentication, {
      algorithm: 'oauth2',
      execute: [openid.allowInsecureRequests],
    });
  const confidential = (secret = client.client_secret) => discover(client.client_id, secret);
  const firstParty = () => discover('first-party', undefined, openid.None());

  it('gets, introspects and revokes a client’s token', async () => {
    for (const config of [
      await confidential(),
      await discover(client.client_id, undefined, openid.ClientSecretBasic(client.client_secret)),
    ]) {
      const answer = await openid.clientCredentialsGrant(config, { scope: 'tasks:write' });
      expect([answer.scope, answer.expiresIn()]).toEqual(['tasks:write', expect.any(Number)]);
      const token = answer.access_token;
      expect(await openid.tokenIntrospection(config, token)).toMatchObject({
        active: true,
        scope: 'tasks:write',
      });
      await openid.tokenRevocation(config, token);
      expect(await openid.tokenIntrospection(config, token)).toEqual({ active: false });
      await openid.tokenRevocation(config, token);
    }
  });

  it('logs a user in, refreshes and logs out', async () => {
    const config = await firstParty();
    const { username, password } = await server.client.register();
    const first = await openid.genericGrantRequest(config, 'password', { username, password });
    const second = await openid.refreshTokenGrant(config, String(first.refresh_token));
    const profile = new URL('/users/me', server.url);
    const me = await openid.fetchProtectedResource(config, second.access_token, profile, 'GET');
    expect(((await me.json()) as { username: string }).username).toBe(username);
    await openid.tokenRevocation(config, String(second.refresh_token));
    const dead = await refusal(openid.refreshTokenGrant(config, String(second.refresh_token)));
    expect(dead).toMatchObject({ error: 'invalid_grant', status: 400 });
    const refused = await refusal(openid.fetchProtectedResource(config, second.access_token, profile, 'GET'));
    expect(refused).toBeInstanceOf(openid.WWWAuthenticateChallengeError);
  });

  it('reports why a grant was refused', async () => {
    const wrong = await refusal(openid.clientCredentialsGrant(await confidential('wrong')));
    expect(wrong).toBeInstanceOf(openid.WWWAuthenticateChallengeError);
    expect(wrong).toMatchObject({ status: 401 });
    const grant = openid.genericGrantRequest(await confidential(), 'password', {
      username: 'a',
      password: 'b',
    });
    expect(await refusal(grant)).toMatchObject({ error: 'unauthorized_client' });
    const unknown = openid.genericGrantRequest(await confidential(), 'urn:example:unknown', {});
    expect(await refusal(unknown)).toMatchObject({ error: 'unsupported_grant_type' });
    const publicClient = openid.clientCredentialsGrant(await firstParty());
    expect(await refusal(publicClient)).toBeInstanceOf(openid.WWWAuthenticateChallengeError);
  });
});
