import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHmac, createPublicKey, sign, type JsonWebKey } from 'node:crypto';
import { leakOf, refusal, refusalIn } from '../support/http/bearer.js';
import type { Person, TokenPair } from '../support/http/client.js';
import {
  ASYMMETRIC,
  newPemKey,
  signatureOf,
  signedWith,
  thumbprintOf,
  unsignedToken,
  verifies,
  type Asymmetric,
  type PemKey,
} from '../support/tokens/pem-key.js';
import { RawClient } from '../support/http/raw-client.js';
import { newSecret, startServer, type TestServer } from '../support/service/server.js';
import { decode, mint } from '../support/tokens/tokens.js';

const SYMMETRIC = ['HS256', 'HS384', 'HS512'] as const;
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];
const PUBLIC_MEMBERS = {
  RSA: ['alg', 'e', 'kid', 'kty', 'n', 'use'],
  EC: ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'],
};

interface Running {
  readonly server: TestServer;
  readonly client: RawClient;
  readonly tokens: Person & TokenPair;
}

/** One service for the tests of one algorithm, on its own database: a shared one would have valid keys of another algorithm. */
function service(env: () => Record<string, string>): () => Running {
  let running: Running | undefined;
  beforeAll(async () => {
    const server = await startServer({ env: env() });
    running = { server, client: new RawClient(server.url), tokens: await server.client.newcomer() };
  });
  afterAll(async () => {
    running?.client.close();
    await running?.server.close();
  });
  return () => {
    if (!running) throw new Error('the service did not start');
    return running;
  };
}

async function status({ client }: Running, token: string): Promise<number> {
  return (await client.get('/auth/verify', ['authorization', `Bearer ${token}`])).status;
}

async function expectRefused({ client }: Running, token: string): Promise<void> {
  const answer = await client.get('/auth/verify', ['authorization', `Bearer ${token}`]);
  expect(refusalIn(answer)).toEqual(refusal('token_invalid'));
  expect(leakOf(token, answer)).toBeUndefined();
}

async function keySet({ server }: Running): Promise<JsonWebKey[]> {
  return (await server.client.get<{ keys: JsonWebKey[] }>('/.well-known/jwks.json')).body.keys;
}

function changed(token: string): string {
  const at = token.lastIndexOf('.') + 5;
  return token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1);
}

describe.each(SYMMETRIC)('with %s', (algorithm) => {
  const running = service(() => ({ JWT_ALGORITHM: algorithm }));

  it('tokens are signed with the text of the secret and accepted', async () => {
    const { tokens, server } = running();
    const at = tokens.access_token.lastIndexOf('.');
    const mac = createHmac(`sha${algorithm.slice(2)}`, server.secret).update(
      tokens.access_token.slice(0, at),
    );
    expect(tokens.access_token.slice(at + 1)).toBe(mac.digest('base64url'));
    expect(decode(tokens.access_token).header).toMatchObject({ alg: algorithm, typ: 'at+jwt' });
    expect(await status(running(), tokens.access_token)).toBe(200);
    expect((await server.client.refresh(tokens.refresh_token)).status).toBe(200);
  });

  it('tokens under the other two are refused, even though the secret signed them', async () => {
    const { server, tokens } = running();
    const { header, claims } = decode(tokens.access_token);
    for (const other of SYMMETRIC.filter((name) => name !== algorithm)) {
      const hash = `sha${other.slice(2)}`;
      await expectRefused(running(), mint({ ...header, alg: other }, claims, server.secret, hash));
      await expectRefused(running(), mint(header, claims, server.secret, hash));
    }
    await expectRefused(running(), changed(tokens.access_token));
  });

  it('no key is published', async () => {
    expect(await keySet(running())).toEqual([]);
  });
});

describe.each(ASYMMETRIC)('with %s', (algorithm) => {
  let key: PemKey;
  const running = service(() => {
    key = newPemKey(algorithm);
    return { JWT_ALGORITHM: algorithm, JWT_PRIVATE_KEY: key.privatePem };
  });

  it('tokens verify with the published key and are accepted', async () => {
    const { tokens, server } = running();
    const [jwk = {}] = await keySet(running());
    const publicKey = createPublicKey({ key: jwk, format: 'jwk' });
    expect(verifies(tokens.access_token, algorithm, publicKey)).toBe(true);
    expect(decode(tokens.refresh_token).header).toMatchObject({ alg: 'HS256', typ: 'rt+jwt' });
    expect(decode(tokens.access_token).header).toEqual({ alg: algorithm, typ: 'at+jwt', kid: jwk['kid'] });
    expect(await status(running(), tokens.access_token)).toBe(200);
    expect((await server.client.refresh(tokens.refresh_token)).status).toBe(200);
  });

  it('the key set holds the public key under its thumbprint and nothing private', async () => {
    const keys = await keySet(running());
    const { kty } = key.jwk;
    expect(keys).toEqual([{ ...key.jwk, kid: thumbprintOf(key.jwk), use: 'sig', alg: algorithm }]);
    expect(Object.keys(keys[0] ?? {}).sort()).toEqual(PUBLIC_MEMBERS[kty as 'RSA' | 'EC']);
    expect(PRIVATE_MEMBERS.filter((member) => member in (keys[0] ?? {}))).toEqual([]);
  });

  it('a token minted by other code with the same key is accepted', async () => {
    const { header, claims } = decode(running().tokens.access_token);
    const token = signedWith(header, { ...claims, department: 'R&D' }, algorithm, key.privateKey);
    expect(await status(running(), token)).toBe(200);
  });

  it('a token changed or signed by another key is refused', async () => {
    const { header, claims } = decode(running().tokens.access_token);
    await expectRefused(running(), changed(running().tokens.access_token));
    const { privateKey } = newPemKey(algorithm, 'stranger');
    await expectRefused(running(), signedWith(header, claims, algorithm, privateKey));
  });

  it('a token with a confused algorithm is refused', async () => {
    const { tokens, server } = running();
    for (const [name, token] of confusions(key, algorithm, tokens.access_token, server.secret)) {
      const answer = await running().client.get('/auth/verify', ['authorization', `Bearer ${token}`]);
      expect([name, refusalIn(answer)]).toEqual([name, refusal('token_invalid')]);
    }
    expect(await status(running(), tokens.access_token)).toBe(200);
  });
});

type Named = readonly [name: string, token: string];

/** Tokens that use the public key as a secret, and tokens of every other algorithm signed with the right private key. */
function confusions(key: PemKey, algorithm: Asymmetric, issued: string, secret: string): Named[] {
  const { header, claims } = decode(issued);
  const secrets: Readonly<Record<string, string | Buffer>> = {
    PEM: key.publicPem,
    'PEM without its last line end': key.publicPem.trimEnd(),
    'PEM with Windows line ends': key.publicPem.replaceAll('\n', '\r\n'),
    DER: key.publicKey.export({ type: 'spki', format: 'der' }),
    JWK: JSON.stringify(key.jwk),
    kid: String(header['kid']),
    nothing: '',
    SECRET_KEY: secret,
  };
  const macs = Object.entries(secrets).flatMap(([name, text]) =>
    [...SYMMETRIC, algorithm].map((alg): Named => {
      const input = unsignedToken({ ...header, alg }, claims);
      const hash = `sha${algorithm === alg ? 256 : alg.slice(2)}`;
      return [`${alg} over ${name}`, `${input}.${createHmac(hash, text).update(input).digest('base64url')}`];
    }),
  );
  const family = ASYMMETRIC.filter(
    (name) => name !== algorithm && name.startsWith('E') === algorithm.startsWith('E'),
  );
  const others = family.flatMap((alg): Named[] => [
    [`${alg} by the key itself`, signedWith({ ...header, alg }, claims, alg, key.privateKey)],
    [`${alg} by the key itself under ${algorithm}`, signedWith(header, claims, alg, key.privateKey)],
    [`${algorithm} under ${alg}`, signedWith({ ...header, alg }, claims, algorithm, key.privateKey)],
  ]);
  const none = ['none', 'None', algorithm.toLowerCase()].flatMap((alg): Named[] => [
    [`alg ${alg}`, signedWith({ ...header, alg }, claims, algorithm, key.privateKey)],
    [`alg ${alg}, unsigned`, `${unsignedToken({ ...header, alg }, claims)}.`],
  ]);
  return [...macs, ...others, ...none];
}

const CURVE_BYTES: Readonly<Record<'ES256' | 'ES384' | 'ES512', number>> = {
  ES256: 32,
  ES384: 48,
  ES512: 66,
};
const ORDERS: Readonly<Record<'ES256' | 'ES384' | 'ES512', string>> = {
  ES256: 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551',
  ES384: `${'f'.repeat(48)}c7634d81f4372ddf581a0db248b0a77aecec196accc52973`,
  ES512: `01${'f'.repeat(63)}a51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409`,
};

describe.each(['ES256', 'ES384', 'ES512'] as const)('with %s a signature is refused that', (algorithm) => {
  const bytes = CURVE_BYTES[algorithm];
  const order = Buffer.from(ORDERS[algorithm].padStart(bytes * 2, '0'), 'hex');
  const zero = Buffer.alloc(bytes);
  const one = Buffer.concat([Buffer.alloc(bytes - 1), Buffer.from([1])]);
  const key = newPemKey(algorithm);
  const running = service(() => ({ JWT_ALGORITHM: algorithm, JWT_PRIVATE_KEY: key.privatePem }));

  const damages: Readonly<Record<string, (good: Buffer, input: string) => Buffer>> = {
    'is DER-encoded': (_, input) => sign(`sha${algorithm.slice(2)}`, Buffer.from(input), key.privateKey),
    'is DER-encoded and of the right length': (good) =>
      Buffer.concat([Buffer.from([0x30, bytes * 2 - 2]), good.subarray(0, bytes * 2 - 2)]),
    'is a byte too short': (good) => good.subarray(0, -1),
    'lacks its first byte': (good) => good.subarray(1),
    'is a byte too long': (good) => Buffer.concat([good, Buffer.alloc(1)]),
    'has a zero byte before it': (good) => Buffer.concat([Buffer.alloc(1), good]),
    'has zero bytes before r and s': (good) =>
      Buffer.concat([Buffer.alloc(1), good.subarray(0, bytes), Buffer.alloc(1), good.subarray(bytes)]),
    'is r alone': (good) => good.subarray(0, bytes),
    'is one byte': () => Buffer.from([1]),
    'is all zeros': () => Buffer.concat([zero, zero]),
    'has r = 0': (good) => Buffer.concat([zero, good.subarray(bytes)]),
    'has s = 0': (good) => Buffer.concat([good.subarray(0, bytes), zero]),
    'has r = 1 and s = 1': () => Buffer.concat([one, one]),
    'has r and s equal to the order': () => Buffer.concat([order, order]),
    'has r = 1 and s equal to the order': () => Buffer.concat([one, order]),
    'is all ones': () => Buffer.alloc(bytes * 2, 255),
    'has r and s exchanged': (good) => Buffer.concat([good.subarray(bytes), good.subarray(0, bytes)]),
    'is for a curve twice as large': (good) => Buffer.concat([zero, good, zero]),
  };

  it.each(Object.entries(damages))('%s', async (_name, damage) => {
    const input = running().tokens.access_token.replace(/\.[^.]*$/, '');
    const good = signatureOf(input, algorithm, key.privateKey);
    expect(await status(running(), `${input}.${good.toString('base64url')}`)).toBe(200);
    await expectRefused(running(), `${input}.${damage(good, input).toString('base64url')}`);
  });
});

describe('a service beside one of another algorithm', () => {
  const secret = newSecret();
  let before: TokenPair;
  beforeAll(async () => {
    const server = await startServer({ env: { SECRET_KEY: secret, JWT_ALGORITHM: 'HS256' } });
    before = await server.client.newcomer();
    await server.close();
  });
  const running = service(() => ({
    JWT_ALGORITHM: 'RS256',
    JWT_PRIVATE_KEY: newPemKey('RS256').privatePem,
    SECRET_KEY: secret,
  }));

  it('refuses tokens signed with the shared secret, even if alg or kid names it', async () => {
    const { tokens } = running();
    const { header, claims } = decode(tokens.access_token);
    const { kid } = decode(before.access_token).header;
    await expectRefused(running(), mint({ ...header, alg: 'HS256' }, claims, secret));
    await expectRefused(running(), mint({ ...header, kid }, claims, secret));
  });
});
