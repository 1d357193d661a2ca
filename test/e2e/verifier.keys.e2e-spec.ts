import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { sign, type KeyObject } from 'node:crypto';
import type { Verifier } from '@latchkey/verifier';
import { unwrapKey } from '../../src/keys/key-wrapping.js';
import { RootSecret } from '../../src/platform/secrets/root-secret.js';
import { administrator, type Member } from '../support/actors/administrators.js';
import { KeyRotation } from '../support/service/built.js';
import { listening, type Guarded } from '../support/tokens/guarded.js';
import { eventually } from '../support/service/process.js';
import { startServer, type TestServer } from '../support/service/server.js';
import { decode, freshId } from '../support/tokens/tokens.js';
import { createVerifier, verdictOf } from '../support/service/verifier.js';

let server: TestServer;
let admin: Member;
let cache: Guarded;
/** The answer of the cache in front of the key set; undefined where the cache asks the service. */
let cached: { readonly status: number; readonly text: string } | undefined;
let verifier: Verifier;

beforeAll(async () => {
  server = await startServer({ env: { JWT_ALGORITHM: 'ES256' } });
  cache = await listening((_, response) => {
    const answer = cached ? Promise.resolve(cached) : keySet();
    void answer.then(({ status, text }) =>
      response.writeHead(status, { 'cache-control': 'public, max-age=300' }).end(text),
    );
  });
});
afterAll(async () => {
  await verifier.close();
  await cache.close();
  await server.close();
});
beforeEach(async () => {
  cached = undefined;
  admin = await administrator(server);
  await verifier?.close();
  verifier = createVerifier({
    issuer: server.config.tokens.issuer,
    url: server.url,
    jwksUri: cache.url,
    audience: 'latchkey',
    feed: { token: () => admin.access_token },
    maxStalenessSeconds: 60,
  });
  expect(await verifier.start()).toBe(true);
});

async function keySet(): Promise<{ status: number; text: string }> {
  const { status, text } = await server.client.get('/.well-known/jwks.json');
  return { status, text };
}

const verdictOn = (token: string) => verdictOf(verifier, token);

/** The private key, as an attacker reads it from memory or a backup. */
async function stolenKey(kid: string): Promise<KeyObject> {
  const [row] = await server.database.query<{ private_key: Buffer }>(
    'SELECT private_key FROM signing_keys WHERE kid = $1',
    [kid],
  );
  return unwrapKey(row?.private_key as Buffer, kid, new RootSecret(server.secret));
}

/** A forged token whose time of issue lies ahead, within the leeway, and so after any revocation. */
function signed(token: string, key: KeyObject): string {
  const { header, claims } = decode(token);
  const iat = Math.floor(Date.now() / 1000) + 2;
  const fresh = { ...claims, iat, exp: iat + 900, sid: freshId(), jti: freshId() };
  const input = [header, fresh]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${input}.${sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

const WAYS_TO_DROP = [
  ['POST /keys/rotate', (kid: string) => ({ path: '/keys/rotate', json: { compromised: kid } })],
  ['POST /revocations', (kid: string) => ({ path: '/revocations', json: { kind: 'key', subject: kid } })],
] as const;

describe('a key that was dropped', () => {
  it.each(WAYS_TO_DROP)(
    'by %s verifies no token, although a cache still serves it',
    async (_, requestFor) => {
      const { access_token: token } = await server.client.newcomer();
      const kid = String(decode(token).header['kid']);
      const key = await stolenKey(kid);
      expect(await verdictOn(signed(token, key))).toBe('accepted');
      cached = await keySet();
      const { path, json } = requestFor(kid);
      expect((await server.client.post(path, { token: admin.access_token, json })).status).toBeLessThan(300);
      await eventually(1000, async () => (await verdictOn(token)) === 'token_revoked');
      expect(await verdictOn(signed(token, key))).toBe('token_revoked');
      cached = undefined;
      await eventually(3000, async () => (await verdictOn(signed(token, key))) === 'token_invalid');
    },
  );

  it.each(['still holds it', 'cannot be fetched'])(
    'has a successor whose tokens get 503 and not 401 while the key set %s',
    async (state) => {
      const old = await server.client.newcomer();
      const kid = String(decode(old.access_token).header['kid']);
      cached = state === 'still holds it' ? await keySet() : { status: 503, text: '' };
      await server.client.post('/keys/rotate', { token: admin.access_token, json: { compromised: kid } });
      await server.app.get(KeyRotation).reload();
      await eventually(1000, async () => (await verdictOn(old.access_token)) === 'token_revoked');
      const { access_token: next } = await server.client.login(old);
      expect(decode(next).header['kid']).not.toBe(kid);
      expect(await verdictOn(next)).toBe('unavailable');
      cached = undefined;
      await eventually(3000, async () => (await verdictOn(next)) === 'accepted');
    },
  );
});
