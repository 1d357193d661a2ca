import { describe, expect, it } from '@jest/globals';
import { createPrivateKey, createPublicKey, generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { ALGORITHMS } from '../platform/config/config.js';
import { thumbprintOf } from '../../test/support/tokens/pem-key.js';
import { privateSigningKey, publicJwk, secretSigningKey } from './signing-key.js';

const SECRET = '5b1f0d6c9a7e43d28f60b1c2d3e4f5061728394a5b6c7d8e9f00112233445566';
const HMACS = ALGORITHMS.filter((algorithm) => algorithm.startsWith('HS'));

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const curves = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' } as const;

/** The example of RFC 7638 section 3.1. */
const RFC7638 = {
  kty: 'RSA',
  n:
    '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknj' +
    'hMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQv' +
    'RL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnq' +
    'DKgw',
  e: 'AQAB',
};
const RFC7638_THUMBPRINT = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs';

/** The key pair of RFC 7515 appendix A.3. */
const RFC7515 = {
  kty: 'EC',
  crv: 'P-256',
  x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
  y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
  d: 'jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI',
};

function members(jwk: JsonWebKey | undefined): string[] {
  return Object.keys(jwk ?? {}).sort();
}

describe('the key of a secret', () => {
  it.each(HMACS)('is the text itself under %s', (algorithm) => {
    const key = secretSigningKey(SECRET, algorithm);
    expect(key.verifyWith.export().toString()).toBe(SECRET);
    expect(key.signWith?.export().toString()).toBe(SECRET);
    expect(key.algorithm).toBe(algorithm);
  });

  it('is the UTF-8 of the text, even if the text looks like hex or base64', () => {
    for (const secret of ['0'.repeat(64), 'c2VjcmV0', 'schlüssel-Ключ-🗝', ' a ']) {
      expect(secretSigningKey(secret, 'HS256').verifyWith.export()).toEqual(Buffer.from(secret, 'utf8'));
    }
  });

  it('only verifies if it is a previous secret', () => {
    const key = secretSigningKey(SECRET, 'HS256', true);
    expect(key.signWith).toBeUndefined();
    expect(key.verifyWith.export().toString()).toBe(SECRET);
  });

  it('has a kid that is equal for equal secrets and differs for others', () => {
    const { kid } = secretSigningKey(SECRET, 'HS256');
    expect(secretSigningKey(SECRET, 'HS256').kid).toBe(kid);
    expect(secretSigningKey(SECRET, 'HS256', true).kid).toBe(kid);
    const others = [`${SECRET} `, SECRET.slice(1), SECRET.toUpperCase()];
    expect(others.map((secret) => secretSigningKey(secret, 'HS256').kid)).not.toContain(kid);
  });

  it('has a kid that fits a header and reveals nothing of the secret', () => {
    const { kid } = secretSigningKey(SECRET, 'HS256');
    expect(kid).toMatch(/^[\w-]{22}$/);
    expect(SECRET).not.toContain(kid.slice(0, 6));
    const bytes = Buffer.from(kid, 'base64url');
    expect(Buffer.from(SECRET).includes(bytes.subarray(0, 6))).toBe(false);
    expect(Buffer.from(SECRET, 'hex').includes(bytes.subarray(0, 6))).toBe(false);
  });

  it.each(HMACS)('is never published under %s', (algorithm) => {
    expect(publicJwk(secretSigningKey(SECRET, algorithm))).toBeUndefined();
    expect(publicJwk(secretSigningKey(SECRET, algorithm, true))).toBeUndefined();
  });
});

describe('the key of a PEM', () => {
  it('has the thumbprint of RFC 7638 as kid', () => {
    // The RFC's example has no private half, so it checks the thumbprint function of this test instead.
    expect(thumbprintOf(RFC7638)).toBe(RFC7638_THUMBPRINT);
    expect(privateSigningKey(rsa, 'RS256').kid).toBe(thumbprintOf(rsa.export({ format: 'jwk' })));
    const ec = createPrivateKey({ key: RFC7515, format: 'jwk' });
    expect(privateSigningKey(ec, 'ES256').kid).toBe(thumbprintOf(RFC7515));
  });

  it.each(ALGORITHMS.filter((algorithm) => /^[RP]S/.test(algorithm)))(
    'signs and verifies with RSA as %s',
    (alg) => {
      const key = privateSigningKey(rsa, alg);
      expect([key.algorithm, key.signWith?.type, key.verifyWith.type]).toEqual([alg, 'private', 'public']);
      expect(members(publicJwk(key))).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
      expect(publicJwk(key)).toMatchObject({ alg, kid: key.kid, use: 'sig', kty: 'RSA' });
    },
  );

  it.each(Object.entries(curves))('signs and verifies as %s on the curve %s', (name, namedCurve) => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve });
    const key = privateSigningKey(privateKey, name as keyof typeof curves);
    expect([key.algorithm, key.signWith?.type, key.verifyWith.type]).toEqual([name, 'private', 'public']);
    expect(members(publicJwk(key))).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
    expect(publicJwk(key)).toMatchObject({ alg: name, kid: key.kid, use: 'sig', kty: 'EC', crv: namedCurve });
  });

  it('has the same kid under every algorithm, because the key is the same', () => {
    expect(privateSigningKey(rsa, 'PS512').kid).toBe(privateSigningKey(rsa, 'RS256').kid);
  });

  it('publishes a JWK that imports as the same public key', () => {
    const key = privateSigningKey(rsa, 'RS256');
    const read = createPublicKey({ key: publicJwk(key) ?? {}, format: 'jwk' });
    expect(read.equals(createPublicKey(rsa))).toBe(true);
  });
});
