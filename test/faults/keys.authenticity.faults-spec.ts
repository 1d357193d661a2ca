import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import { RootSecret } from '../../src/platform/secrets/root-secret.js';
import { encrypt } from '../../src/platform/secrets/encryption.js';
import { unwrapKey, wrappingId } from '../../src/keys/key-wrapping.js';
import { privateSigningKey, secretSigningKey } from '../../src/keys/signing-key.js';
import { runCli } from '../support/service/cli.js';
import { FirstAdministrator, KeyRotation } from '../support/service/built.js';
import { createDatabase, urlOf, type TestDatabase } from '../support/database/database.js';
import { newFolder } from '../support/service/process.js';
import { newSecret, startServer, type TestServer } from '../support/service/server.js';
import { signedWith } from '../support/tokens/pem-key.js';
import { decode, mint } from '../support/tokens/tokens.js';

const ROOT = { email: 'root@example.com', password: 'only for this test run' };
const COLUMNS = `kid, algorithm, source, public_key, private_key, wrapped_by, created_at, active_from, active_until,
  verify_until, compromised_at, mac`;

let database: TestDatabase;
let secret: string;
let server: TestServer | undefined;

beforeEach(async () => {
  database = await createDatabase();
  secret = newSecret();
});
afterEach(async () => {
  await stop();
  await database.drop();
});

async function stop(): Promise<void> {
  await server?.close();
  server = undefined;
}

/** Starts the service, or restarts it with other settings. */
async function start(env: Record<string, string> = {}): Promise<TestServer> {
  await stop();
  server = await startServer({ env: { SECRET_KEY: secret, ...env }, database });
  return server;
}

async function codeOf(on: TestServer, token: string): Promise<unknown> {
  await on.app.get(KeyRotation).reload();
  const { status, body } = await on.client.get('/auth/verify', { token });
  return status === 200 ? 200 : body['code'];
}

async function warnings(on: TestServer): Promise<unknown> {
  return (await on.client.get('/health/ready')).body['warnings'];
}

function rejectedInLog(on: TestServer): unknown[] {
  return on.log.filter(({ msg }) => String(msg).includes('is no key')).map(({ kid }) => kid);
}

/** A key of somebody who has the database and no secret, and a token that it signs. */
function stranger(token: string) {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { kid, verifyWith } = privateSigningKey(privateKey, 'ES256');
  const { header, claims } = decode(token);
  return {
    kid,
    privateKey,
    pem: verifyWith.export({ format: 'pem', type: 'spki' }).toString(),
    forged: signedWith({ ...header, alg: 'ES256', kid }, claims, 'ES256', privateKey),
  };
}

describe.each(['HS256', 'ES256'])('with %s', (JWT_ALGORITHM) => {
  it('a public key that was inserted by a statement verifies no token, also after a restart', async () => {
    const on = await start({ JWT_ALGORITHM });
    const person = await on.client.newcomer();
    const { kid, pem, forged } = stranger(person.access_token);
    const copied = ['NULL', `(SELECT mac FROM signing_keys LIMIT 1)`, `'\\x00'`];
    for (const mac of copied) {
      await database.query('DELETE FROM signing_keys WHERE kid = $1', [kid]);
      await database.query(
        `INSERT INTO signing_keys (kid, algorithm, source, public_key, created_at, active_from, mac)
         VALUES ($1, 'ES256', 'pinned', $2, now(), now() - interval '1 day', ${mac})`,
        [kid, pem],
      );
      expect(await codeOf(on, forged)).toBe('token_invalid');
    }
    expect(await warnings(on)).toEqual(['signing_keys_rejected']);
    expect(rejectedInLog(on)).toEqual([kid]);
    const { body } = await on.client.get<{ keys: Array<{ kid: string }> }>('/.well-known/jwks.json');
    expect(body.keys.map((key) => key.kid)).not.toContain(kid);
    expect(await codeOf(on, person.access_token)).toBe(200);
    await database.query('UPDATE signing_keys SET mac = NULL WHERE kid = $1', [kid]);
    const after = await start({ JWT_ALGORITHM });
    expect(await codeOf(after, forged)).toBe('token_invalid');
    expect(await codeOf(after, person.access_token)).toBe(200);
  });
});

describe('a row of the key ring', () => {
  const CHANGES: ReadonlyArray<readonly [column: string, value: string]> = [
    ['verify_until', `active_until + interval '30 days'`],
    ['active_until', `active_from + interval '1 minute'`],
    ['active_from', `active_from - interval '1 day'`],
    ['created_at', `created_at - interval '1 day'`],
    ['compromised_at', 'now()'],
    ['algorithm', `'ES384'`],
    ['source', `'pinned', private_key = NULL, wrapped_by = NULL`],
    ['kid', `'another'`],
    ['wrapped_by', `'another'`],
    ['private_key', `private_key || '\\x00'::bytea`],
    ['mac', `NULL`],
    ['mac', `NULL, algorithm = 'ES384'`],
  ];

  /** A key that only verifies, with a token of it, beside the one that signs. */
  async function retiring(): Promise<{ on: TestServer; kid: string; token: string }> {
    const before = await start({ JWT_ALGORITHM: 'ES256' });
    const { access_token: token } = await before.client.newcomer();
    const on = await start({ JWT_ALGORITHM: 'ES384' });
    await on.move(310_000);
    return { on, kid: String(decode(token).header['kid']), token };
  }

  it('verifies no token after a change of any column', async () => {
    const { on, kid, token } = await retiring();
    expect(await codeOf(on, token)).toBe(200);
    await database.query('CREATE TABLE kept AS SELECT * FROM signing_keys');
    const { access_token: other } = await on.client.newcomer();
    for (const [column, value] of CHANGES) {
      await database.query(`UPDATE signing_keys SET ${column} = ${value} WHERE kid = $1`, [kid]);
      expect([column, value, await codeOf(on, token)]).toEqual([column, value, 'token_invalid']);
      expect(await codeOf(on, other)).toBe(200);
      await database.query('DELETE FROM signing_keys');
      await database.query(`INSERT INTO signing_keys (${COLUMNS}) SELECT ${COLUMNS} FROM kept`);
      expect([column, value, await codeOf(on, token)]).toEqual([column, value, 200]);
      expect(await warnings(on)).toBeUndefined();
    }
  });

  it('does not come back from a compromise, also where every authentication code is removed, after a restart', async () => {
    const on = await start();
    await on.app.get(FirstAdministrator).ensure(ROOT);
    const { access_token: token } = await on.client.login({ username: ROOT.email, password: ROOT.password });
    const kid = String(decode(token).header['kid']);
    await on.client.post('/keys/rotate', { token, json: { compromised: kid } });
    await stop();
    await database.query('DELETE FROM revocations');
    await database.query('UPDATE signing_keys SET compromised_at = NULL, mac = NULL');
    const after = await start();
    expect(await codeOf(after, token)).toBe('token_invalid');
    const fresh = await after.client.login({ username: ROOT.email, password: ROOT.password });
    expect(await codeOf(after, fresh.access_token)).toBe(200);
  });

  it('verifies no token as a copy under another kid', async () => {
    const on = await start();
    const { access_token: token } = await on.client.newcomer();
    const { kid, privateKey } = stranger(token);
    await database.query(
      `INSERT INTO signing_keys (${COLUMNS}) SELECT ${COLUMNS.replace('kid', '$1')} FROM signing_keys`,
      [kid],
    );
    const { header, claims } = decode(token);
    for (const name of [kid, String(header['kid'])]) {
      expect(await codeOf(on, signedWith({ ...header, kid: name }, claims, 'ES256', privateKey))).toBe(
        'token_invalid',
      );
    }
    expect(rejectedInLog(on)).toEqual([kid]);
  });

  it('that signs and was changed is replaced, so that logins go on', async () => {
    const on = await start();
    const person = await on.client.newcomer();
    await database.query(`UPDATE signing_keys SET created_at = now() - interval '1 year'`);
    await on.app.get(KeyRotation)['tick']();
    const fresh = await on.client.login(person);
    expect(decode(fresh.access_token).header['kid']).not.toBe(decode(person.access_token).header['kid']);
    expect(await codeOf(on, fresh.access_token)).toBe(200);
    expect(await codeOf(on, person.access_token)).toBe('token_invalid');
  });

  it('of a former version is adopted at the start if its private key opens, and stays authenticated', async () => {
    const before = await start();
    const person = await before.client.newcomer();
    const kid = String(decode(person.access_token).header['kid']);
    const [row] = await database.query<{ private_key: Buffer }>('SELECT private_key FROM signing_keys');
    await stop();
    // Former versions encrypted with a random nonce and had no authentication code.
    const root = new RootSecret(secret);
    const der = unwrapKey(row?.private_key as Buffer, kid, root).export({ format: 'der', type: 'pkcs8' });
    const wrapped = encrypt(der, { purpose: 'keyEncryption', id: kid }, root);
    await database.query('UPDATE signing_keys SET private_key = $1, wrapped_by = $2, mac = NULL', [
      wrapped,
      wrappingId(root),
    ]);
    const after = await start();
    expect(await codeOf(after, person.access_token)).toBe(200);
    expect(decode((await after.client.login(person)).access_token).header['kid']).toBe(kid);
    const [adopted] = await database.query<{ mac: Buffer | null }>('SELECT mac FROM signing_keys');
    expect(adopted?.mac).toHaveLength(32);
    await database.query(`UPDATE signing_keys SET mac = NULL, created_at = now()`);
    expect(await codeOf(after, person.access_token)).toBe('token_invalid');
  });

  it('of a former version with a public key alone is no key', async () => {
    const before = await start({ JWT_ALGORITHM: 'HS256' });
    const person = await before.client.newcomer();
    await stop();
    const { kid, pem, forged } = stranger(person.access_token);
    await database.query('UPDATE signing_keys SET mac = NULL');
    await database.query(
      `INSERT INTO signing_keys (kid, algorithm, source, public_key, created_at, active_from)
       VALUES ($1, 'ES256', 'pinned', $2, now(), now() - interval '1 day')`,
      [kid, pem],
    );
    const after = await start({ JWT_ALGORITHM: 'HS256' });
    expect(await codeOf(after, forged)).toBe('token_invalid');
    expect(await codeOf(after, person.access_token)).toBe(200);
  });

  it('of SECRET_KEY, inserted after a change to ES256 by an API that holds it, verifies no token', async () => {
    const on = await start({ ROOT_SECRET: newSecret() });
    const { access_token: token } = await on.client.newcomer();
    const { kid } = secretSigningKey(secret, 'HS256');
    await database.query(
      `INSERT INTO signing_keys (kid, algorithm, source, created_at, active_from)
       VALUES ($1, 'HS256', 'secret', now(), now() - interval '1 day')`,
      [kid],
    );
    const { header, claims } = decode(token);
    expect(await codeOf(on, mint({ ...header, alg: 'HS256', kid }, claims, secret))).toBe('token_invalid');
  });

  it('that is rejected is a fault for doctor, and keys rotate --compromised deletes it', async () => {
    const on = await start();
    const { access_token: token } = await on.client.newcomer();
    const { kid, pem } = stranger(token);
    await database.query(
      `INSERT INTO signing_keys (kid, algorithm, source, public_key, created_at, active_from)
       VALUES ($1, 'ES256', 'pinned', $2, now(), now())`,
      [kid, pem],
    );
    const folder = await newFolder();
    const env = { SECRET_KEY: secret, DATABASE_URL: urlOf(database.target) };
    const cli = (args: string[]) => runCli(args, { folder: folder.path, env });
    const { status, stdout } = await cli(['doctor', '--json']);
    const keys = (JSON.parse(stdout) as Array<{ about: string }>).find(({ about }) => about === 'keys');
    expect([status, keys]).toEqual([
      1,
      expect.objectContaining({ state: 'fault', says: expect.stringContaining(kid) }),
    ]);
    expect((await cli(['keys', 'rotate', '--compromised', kid])).status).toBe(0);
    expect(await codeOf(on, token)).toBe(200);
    expect(await warnings(on)).toBeUndefined();
    await folder.remove();
  });
});
