import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createDatabase, type TestDatabase } from '../support/database/database.js';
import { AuditSealer, AuditVerifier } from '../support/service/built.js';
import { newSecret, startServer, type TestServer } from '../support/service/server.js';
import { decode, mint, refreshKey, reminted } from '../support/tokens/tokens.js';

let database: TestDatabase;
let server: TestServer | undefined;

beforeEach(async () => {
  database = await createDatabase();
});
afterEach(async () => {
  await stop();
  await database.drop();
});

async function stop(): Promise<void> {
  await server?.close();
  server = undefined;
}

async function start(env: Record<string, string>): Promise<TestServer> {
  await stop();
  server = await startServer({ env, database });
  return server;
}

async function refreshCode(on: TestServer, token: string): Promise<unknown> {
  const { status, body } = await on.client.refresh(token);
  return status === 200 ? 200 : body['code'];
}

describe('a refresh token', () => {
  it('is signed with a key of its own, not with SECRET_KEY or the key of access tokens', async () => {
    const on = await start({ JWT_ALGORITHM: 'HS256' });
    const { access_token: access, refresh_token: refresh } = await on.client.newcomer();
    const { header, claims } = decode(refresh);
    expect(Object.keys(header).slice(0, 2)).toEqual(['alg', 'typ']);
    expect(header).toMatchObject({ alg: 'HS256', typ: 'rt+jwt' });
    expect(header['kid']).not.toBe(decode(access).header['kid']);
    expect(mint(header, claims, refreshKey(on.secret))).toBe(refresh);
  });

  it('that an API made with the SECRET_KEY it holds is refused, and the honest one goes on', async () => {
    const [secret, root] = [newSecret(), newSecret()];
    const on = await start({ JWT_ALGORITHM: 'HS256', SECRET_KEY: secret, ROOT_SECRET: root });
    const { access_token: access, refresh_token: refresh } = await on.client.newcomer();
    const { header, claims } = decode(refresh);
    const { kid } = decode(access).header;
    const forged = [
      mint(header, claims, secret),
      mint({ ...header, kid }, claims, secret),
      mint(header, claims, refreshKey(secret)),
      mint({ ...header, typ: 'at+jwt', kid }, claims, secret),
    ];
    for (const token of forged) {
      expect(['refresh_token_invalid', 'token_wrong_type']).toContain(await refreshCode(on, token));
    }
    expect(await refreshCode(on, refresh)).toBe(200);
    expect((await on.client.me(reminted(access, secret, {}))).status).toBe(200);
  });

  it('is refused where an access token belongs, and the other way round', async () => {
    const on = await start({ JWT_ALGORITHM: 'HS256' });
    const { access_token: access, refresh_token: refresh } = await on.client.newcomer();
    expect((await on.client.me(refresh)).body['code']).toBe('token_wrong_type');
    expect(await refreshCode(on, access)).toBe('token_wrong_type');
    const { header } = decode(refresh);
    const asAccess = mint(
      { ...decode(access).header, kid: header['kid'] },
      decode(access).claims,
      refreshKey(on.secret),
    );
    expect((await on.client.me(asAccess)).body['code']).toBe('token_invalid');
  });
});

describe('a new ROOT_SECRET', () => {
  it.each(['HS256', 'ES256', 'RS256'])(
    'with %s keeps logins, keys and audit seals',
    async (JWT_ALGORITHM) => {
      const [secret, root] = [newSecret(), newSecret()];
      const before = await start({ JWT_ALGORITHM, SECRET_KEY: secret });
      const person = await before.client.newcomer();
      await before.app.get(AuditSealer).seal();
      const after = await start({
        JWT_ALGORITHM,
        SECRET_KEY: secret,
        ROOT_SECRET: root,
        ROOT_SECRET_PREVIOUS: secret,
      });
      expect((await after.client.me(person.access_token)).status).toBe(200);
      const { status, body } = await after.client.refresh(person.refresh_token);
      expect([status, decode(body.refresh_token).header['kid']]).not.toContain(
        decode(person.refresh_token).header['kid'],
      );
      expect(decode(body.access_token).header['kid']).toBe(decode(person.access_token).header['kid']);
      await after.app.get(AuditSealer).seal();
      expect((await after.app.get(AuditVerifier).verify()).fault).toBeNull();
      const last = await start({ JWT_ALGORITHM, SECRET_KEY: secret, ROOT_SECRET: root });
      expect((await last.client.me(body.access_token)).status).toBe(200);
      expect(await refreshCode(last, body.refresh_token)).toBe(200);
      expect(await refreshCode(last, person.refresh_token)).toBe('refresh_token_invalid');
    },
  );

  it('without its predecessor stops the start and names the settings', async () => {
    await start({ SECRET_KEY: newSecret() });
    await stop();
    await expect(startServer({ env: { ROOT_SECRET: newSecret() }, database })).rejects.toMatchObject({
      diagnosis: { cause: expect.stringMatching(/ROOT_SECRET_PREVIOUS or SECRET_KEY_PREVIOUS/) },
    });
  });
});
