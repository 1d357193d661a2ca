import { describe, expect, it } from '@jest/globals';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { loadConfig } from '../platform/config/env.schema.js';
import { KeyRing } from './key-ring.js';

// The keys of the settings. test/e2e/keys.ring tests the keys of the database.

const [FIRST = '', SECOND = '', THIRD = ''] = [1, 2, 3].map(() => randomBytes(32).toString('hex'));
const pinnedKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const PEM = pinnedKey.export({ type: 'pkcs8', format: 'pem' }).toString();

function ring(settings: Record<string, string> = {}): KeyRing {
  return new KeyRing(loadConfig({ SECRET_KEY: FIRST, JWT_ALGORITHM: 'HS256', ...settings }).keys);
}

function kidOf(secret: string, algorithm = 'HS256'): string {
  return ring({ SECRET_KEY: secret, JWT_ALGORITHM: algorithm }).current().kid;
}

function textOf(keys: KeyRing, kid: string): string | undefined {
  return keys.find(kid)?.verifyWith.export().toString();
}

describe('a ring of secrets', () => {
  it('signs with the current secret', () => {
    const keys = ring({ SECRET_KEY_PREVIOUS: `${SECOND},${THIRD}` });
    expect(keys.current().signWith.export().toString()).toBe(FIRST);
  });

  it('finds each secret by its kid, which is the same in every ring', () => {
    const keys = ring({ SECRET_KEY_PREVIOUS: `${SECOND},${THIRD}` });
    for (const secret of [FIRST, SECOND, THIRD]) {
      expect(textOf(keys, kidOf(secret))).toBe(secret);
    }
  });

  it('does not sign with a previous secret', () => {
    const keys = ring({ SECRET_KEY_PREVIOUS: SECOND });
    expect(keys.find(kidOf(SECOND))?.signWith).toBeUndefined();
  });

  it('does not find a secret that was removed from the settings', () => {
    expect(ring().find(kidOf(SECOND))).toBeUndefined();
  });

  it('signs with the current secret if it is a previous one too', () => {
    const keys = ring({ SECRET_KEY_PREVIOUS: `${SECOND},${FIRST}` });
    const { kid } = keys.current();
    expect(keys.current().signWith.export().toString()).toBe(FIRST);
    expect(keys.find(kid)?.signWith).toBeDefined();
  });

  it('publishes no secret', () => {
    expect(ring({ SECRET_KEY_PREVIOUS: SECOND }).published()).toEqual({ keys: [] });
  });

  it('uses every secret with the algorithm of the settings', () => {
    const keys = ring({ JWT_ALGORITHM: 'HS512', SECRET_KEY_PREVIOUS: SECOND });
    expect(keys.current().algorithm).toBe('HS512');
    expect(keys.find(kidOf(SECOND, 'HS512'))?.algorithm).toBe('HS512');
  });
});

describe('a ring with a pinned key', () => {
  const keys = ring({ JWT_ALGORITHM: 'ES256', JWT_PRIVATE_KEY: PEM, SECRET_KEY_PREVIOUS: SECOND });

  it('signs with the pinned key and finds it by its kid', () => {
    expect(keys.current().signWith.equals(pinnedKey)).toBe(true);
    expect(keys.find(keys.current().kid)?.verifyWith.type).toBe('public');
    expect(keys.current().algorithm).toBe('ES256');
  });

  it('publishes the public half alone', () => {
    const { x, y } = pinnedKey.export({ format: 'jwk' });
    expect(keys.published()).toEqual({
      keys: [{ kty: 'EC', crv: 'P-256', x, y, kid: keys.current().kid, use: 'sig', alg: 'ES256' }],
    });
  });

  it('verifies no token with a secret', () => {
    for (const secret of [FIRST, SECOND]) {
      expect(keys.find(kidOf(secret))).toBeUndefined();
    }
  });
});

describe('an unknown kid', () => {
  it.each([
    '',
    ' ',
    'x',
    '*',
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    'undefined',
    '../../dev/null',
    "' OR 1=1 --",
    'k'.repeat(10_000),
  ])('finds no key: %j', (kid) => {
    expect(ring().find(kid)).toBeUndefined();
  });

  it('finds no key if a known kid is changed by one character', () => {
    const keys = ring();
    const { kid } = keys.current();
    for (const other of [`${kid} `, ` ${kid}`, `${kid}\0`, kid.slice(1), kid.slice(0, -1), `${kid}=`]) {
      expect(keys.find(other)).toBeUndefined();
    }
  });
});

describe('a ring before the keys of the database are loaded', () => {
  const keys = ring({ JWT_ALGORITHM: 'ES256', SECRET_KEY_PREVIOUS: SECOND });

  it('neither signs nor publishes, and verifies no token with a secret', () => {
    expect(() => keys.current()).toThrow(expect.objectContaining({ code: 'unavailable' }));
    expect(keys.published()).toEqual({ keys: [] });
    expect([FIRST, SECOND].map((secret) => keys.find(kidOf(secret)))).toEqual([undefined, undefined]);
  });
});
