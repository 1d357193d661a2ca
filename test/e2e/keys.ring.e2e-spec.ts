import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FirstAdministrator, KeyRotation } from '../support/service/built.js';
import { createDatabase, type TestDatabase } from '../support/database/database.js';
import { newSecret, startServer, type TestServer } from '../support/service/server.js';
import { newPemKey, signedWith } from '../support/tokens/pem-key.js';
import { eventually } from '../support/service/process.js';
import { decode } from '../support/tokens/tokens.js';

const ROOT = { email: 'root@example.com', password: 'only for this test run' };
const DAY_MS = 86_400_000;
const LEAD_MS = 302_000;

interface KeyItem {
  readonly kid: string;
  readonly algorithm: string;
  readonly state: string;
  readonly compromised_at: string | null;
}

let database: TestDatabase;
let secret: string;
let server: TestServer | undefined;

beforeEach(async () => {
  database = await createDatabase();
  secret = newSecret();
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  await database.drop();
});

/** Starts the service on the test's database; a second call restarts it with other settings. */
async function start(env: Record<string, string> = {}): Promise<TestServer> {
  await server?.close();
  server = undefined;
  server = await startServer({ env: { SECRET_KEY: secret, JWT_ALGORITHM: 'ES256', ...env }, database });
  return server;
}

async function move(on: TestServer, milliseconds: number): Promise<void> {
  await on.move(milliseconds);
  await on.app.get(KeyRotation).reload();
}

async function administrator(on: TestServer): Promise<string> {
  await on.app.get(FirstAdministrator).ensure(ROOT);
  return (await on.client.loginForService({ username: ROOT.email, password: ROOT.password })).access_token;
}

async function keys(on: TestServer, token: string): Promise<KeyItem[]> {
  return (await on.client.get<KeyItem[]>('/keys', { token })).body;
}

async function published(on: TestServer): Promise<string[]> {
  const { body } = await on.client.get<{ keys: Array<{ kid: string; d?: string }> }>(
    '/.well-known/jwks.json',
  );
  expect(body.keys.every((key) => key.d === undefined)).toBe(true);
  return body.keys.map(({ kid }) => kid);
}

function addedKeys(): Promise<Array<{ actor: string | null; details: unknown }>> {
  return database.query(`SELECT actor, details FROM audit_events WHERE action = 'key.added'`);
}

const kidOf = (token: string): unknown => decode(token).header['kid'];

describe('the key ring', () => {
  it('generates its first key, publishes it and keeps it over a restart', async () => {
    const first = await start();
    const person = await first.client.newcomer();
    expect(decode(person.access_token).header['alg']).toBe('ES256');
    expect(await published(first)).toEqual([kidOf(person.access_token)]);
    const second = await start();
    expect((await second.client.me(person.access_token)).status).toBe(200);
    expect(kidOf((await second.client.login(person)).access_token)).toBe(kidOf(person.access_token));
  });

  it('records every generated key in the audit log, including those of scheduled rotations', async () => {
    const on = await start({ KEY_ROTATION_DAYS: '1' });
    await move(on, 2 * 86_400_000);
    await eventually(5000, async () => (await addedKeys()).length === 2);
    expect(await addedKeys()).toEqual(
      Array.from({ length: 2 }, () => ({
        actor: null,
        details: expect.objectContaining({ source: 'ring' }),
      })),
    );
  });

  it('stores private keys encrypted', async () => {
    await start();
    const [row] = await database.query<{ private_key: Buffer }>('SELECT private_key FROM signing_keys');
    expect(row?.private_key.length).toBeGreaterThan(100);
    for (const text of ['latin1', 'base64', 'hex'] as const) {
      expect(row?.private_key.toString(text)).not.toMatch(/PRIVATE KEY|^MI[GH]/);
    }
    // Unencrypted PKCS#8 in DER begins with a sequence and version 0.
    expect(row?.private_key.subarray(0, 3).toString('hex')).not.toMatch(/^3081/);
  });

  it('publishes a successor before it signs, and verifies the old key until its last token has expired', async () => {
    const on = await start();
    const person = await on.client.newcomer();
    const old = kidOf(person.access_token);
    const token = await administrator(on);
    const { body: next } = await on.client.post<KeyItem>('/keys/rotate', { token, json: {} });
    expect(next.state).toBe('next');
    await on.app.get(KeyRotation).reload();
    expect(await published(on)).toEqual([old, next.kid]);
    expect(kidOf((await on.client.login(person)).access_token)).toBe(old);

    await move(on, LEAD_MS + 1000);
    const fresh = await on.client.login(person);
    expect(kidOf(fresh.access_token)).toBe(next.kid);
    expect((await on.client.me(person.access_token)).status).toBe(200);
    expect((await on.client.refresh(person.refresh_token)).status).toBe(200);
    expect(await published(on)).toEqual([old, next.kid]);

    await move(on, 7 * DAY_MS + 60_000);
    expect(await published(on)).toEqual([next.kid]);
    expect((await on.client.me(person.access_token)).body['code']).toBe('token_invalid');
  });

  it('returns the planned successor to a second rotation', async () => {
    const on = await start();
    const token = await administrator(on);
    const first = await on.client.post<KeyItem>('/keys/rotate', { token, json: {} });
    const second = await on.client.post<KeyItem>('/keys/rotate', { token, json: {} });
    expect(second.body.kid).toBe(first.body.kid);
    expect((await keys(on, token)).map(({ state }) => state)).toEqual(['active', 'next']);
  });

  it('drops a compromised key at once: its tokens are revoked, and another key signs', async () => {
    const on = await start();
    const person = await on.client.newcomer();
    const token = await administrator(on);
    const kid = String(kidOf(token));
    const { status, body } = await on.client.post<KeyItem>('/keys/rotate', {
      token,
      json: { compromised: kid },
    });
    expect([status, body.state]).toEqual([200, 'active']);
    await on.app.get(KeyRotation).reload();
    expect((await on.client.me(person.access_token)).body['code']).toBe('token_revoked');
    // The ring signs no refresh token, so the session goes on.
    expect((await on.client.refresh(person.refresh_token)).status).toBe(200);
    expect(await published(on)).toEqual([body.kid]);
    const fresh = await on.client.login(person);
    expect(kidOf(fresh.access_token)).toBe(body.kid);
    expect((await on.client.me(fresh.access_token)).status).toBe(200);
  });

  it('drops a compromised successor without revoking tokens, since it never signed', async () => {
    const on = await start();
    const token = await administrator(on);
    const { body: next } = await on.client.post<KeyItem>('/keys/rotate', { token, json: {} });
    await on.client.post('/keys/rotate', { token, json: { compromised: next.kid } });
    await on.app.get(KeyRotation).reload();
    expect((await on.client.me(token)).status).toBe(200);
    const list = await keys(on, token);
    expect(list.map(({ state }) => state)).toEqual(['active', 'next']);
    expect(list.map(({ kid }) => kid)).not.toContain(next.kid);
  });

  it('answers 404 for an unknown key and 409 for a key of the settings', async () => {
    const on = await start({ JWT_ALGORITHM: 'HS256' });
    const token = await administrator(on);
    const order = (json: object) => on.client.post('/keys/rotate', { token, json });
    expect((await order({ compromised: 'unknown' })).body['code']).toBe('not_found');
    expect((await order({})).body['code']).toBe('key_not_rotatable');
    expect((await order({ compromised: kidOf(token) })).body['code']).toBe('key_not_rotatable');
  });
});

describe('a change of the settings', () => {
  it('from HS256 to ES256 keeps every login, and publishes the new key before it signs', async () => {
    const before = await start({ JWT_ALGORITHM: 'HS256' });
    const person = await before.client.newcomer();
    const after = await start();
    expect((await after.client.me(person.access_token)).status).toBe(200);
    expect(await published(after)).toHaveLength(1);
    expect(decode((await after.client.login(person)).access_token).header['alg']).toBe('HS256');
    await move(after, LEAD_MS + 1000);
    const fresh = await after.client.login(person);
    expect(decode(fresh.access_token).header['alg']).toBe('ES256');
    expect((await after.client.me(fresh.access_token)).status).toBe(200);
    await eventually(5000, async () =>
      after.log.some(
        ({ msg, algorithm }) =>
          msg === 'another key signs access tokens from now on' && algorithm === 'ES256',
      ),
    );
    expect((await after.client.me(person.access_token)).status).toBe(200);
    expect((await after.client.refresh(person.refresh_token)).status).toBe(200);
  });

  it('from ES256 back to HS256 keeps every login', async () => {
    const before = await start();
    const person = await before.client.newcomer();
    const after = await start({ JWT_ALGORITHM: 'HS256' });
    expect((await after.client.refresh(person.refresh_token)).status).toBe(200);
    await move(after, LEAD_MS + 1000);
    expect(decode((await after.client.login(person)).access_token).header['alg']).toBe('HS256');
    expect((await after.client.me(person.access_token)).status).toBe(200);
  });

  it('to a pinned key keeps every login', async () => {
    const before = await start();
    const person = await before.client.newcomer();
    const after = await start({ JWT_ALGORITHM: 'RS256', JWT_PRIVATE_KEY: newPemKey('RS256').privatePem });
    expect((await after.client.me(person.access_token)).status).toBe(200);
    await move(after, LEAD_MS + 1000);
    expect(decode((await after.client.login(person)).access_token).header['alg']).toBe('RS256');
    expect((await after.client.refresh(person.refresh_token)).status).toBe(200);
  });

  it('from a leaked pinned key allows dropping it, and every token it signs stays refused', async () => {
    const [old, fresh] = [newPemKey('ES256'), newPemKey('ES256')];
    const before = await start({ JWT_PRIVATE_KEY: old.privatePem });
    const person = await before.client.newcomer();
    const leaked = kidOf(person.access_token);
    const drop = (on: TestServer, token: string) =>
      on.client.post('/keys/rotate', { token, json: { compromised: leaked } });
    expect((await drop(before, await administrator(before))).body['code']).toBe('key_not_rotatable');
    const after = await start({ JWT_PRIVATE_KEY: fresh.privatePem });
    const token = await administrator(after);
    expect(kidOf(token)).not.toBe(leaked);
    expect((await drop(after, token)).status).toBe(200);
    await move(after, 60_000);
    const { header, claims } = decode(person.access_token);
    const iat = Math.floor(after.clock.now() / 1000);
    const forged = signedWith(header, { ...claims, iat, exp: iat + 900 }, 'ES256', old.privateKey);
    for (const stolen of [person.access_token, forged]) {
      expect((await after.client.me(stolen)).body['code']).toBe('token_revoked');
    }
    expect(await published(after)).not.toContain(leaked);
    expect((await after.client.me(token)).status).toBe(200);
  });

  it('of SECRET_KEY encrypts the private keys anew, so that the old secret is not needed later', async () => {
    const before = await start();
    const person = await before.client.newcomer();
    const old = secret;
    secret = newSecret();
    await start({ SECRET_KEY_PREVIOUS: old });
    const after = await start();
    expect((await after.client.me(person.access_token)).status).toBe(200);
    expect(kidOf((await after.client.login(person)).access_token)).toBe(kidOf(person.access_token));
  });

  it('of SECRET_KEY without SECRET_KEY_PREVIOUS stops the start and names the missing setting', async () => {
    await start();
    secret = newSecret();
    await server?.close();
    server = undefined;
    await expect(
      startServer({ env: { SECRET_KEY: secret, JWT_ALGORITHM: 'ES256' }, database }),
    ).rejects.toMatchObject({
      diagnosis: { cause: expect.stringContaining('SECRET_KEY_PREVIOUS') },
    });
  });
});
