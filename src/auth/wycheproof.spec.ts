import { describe, expect, it } from '@jest/globals';
import { JwtService } from '@nestjs/jwt';
import { createHash, createPrivateKey, createPublicKey, createSecretKey, type JsonWebKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { keyOfJwk, parseToken, signatureVerifies } from '@latchkey/token-rules';
import { ALGORITHMS } from '../platform/config/config.js';
import { loadConfig } from '../platform/config/env.schema.js';
import { SystemClock } from '../platform/kernel/clock.js';
import { InternalKeys } from '../keys/internal-keys.js';
import { KeyRing } from '../keys/key-ring.js';
import type { SigningKey } from '../keys/signing-key.js';
import { TokenService } from './token.service.js';

/*
 * Runs the JWS vectors of Wycheproof through the code that verifies tokens.
 *
 * Their payloads are texts such as "foo", so TokenService.verify refuses every vector, valid ones too, because the
 * payload is no JSON; a service that checked no signature would pass. The signature covers the payload, so the payload
 * cannot be replaced. Each vector therefore goes through the same steps in the same order, without that one rule:
 *   shape      parseToken, once with the payload and once with the signature replaced by an empty object
 *   key        TokenService's choice of the key by `kid` and of the algorithm by the key
 *   signature  signatureVerifies, on the vector as it stands
 * An invalid vector must be refused at one of the steps. A valid vector must pass all, which proves that the refusals
 * are about the fault. Valid vectors that our rules refuse are listed below with the step and the reason.
 * The key step is a private method of TokenService, reached by its index, so that the test runs the service's own code.
 */

const FOLDER = join(import.meta.dirname, '../../test/vectors/wycheproof');

interface Vector {
  readonly tcId: number;
  readonly comment: string;
  readonly jws: unknown;
  readonly result: 'valid' | 'invalid';
}
interface Jwk extends JsonWebKey {
  readonly kid?: string;
  readonly alg?: string;
}
interface Group {
  readonly comment: string;
  readonly private?: Jwk | { readonly keys: readonly Jwk[] };
  readonly public?: Jwk | { readonly keys: readonly Jwk[] };
  readonly tests: readonly Vector[];
}

function read(file: string): { numberOfTests: number; groups: Group[] } {
  const json = readFileSync(join(FOLDER, file), 'utf8');
  const { numberOfTests, testGroups: groups } = JSON.parse(json) as {
    numberOfTests: number;
    testGroups: Group[];
  };
  return { numberOfTests, groups };
}

type Step = 'shape' | 'key' | 'signature' | 'accepted';

const EMPTY = 'e30';
const config = loadConfig({ SECRET_KEY: '7c1e9a4f03b8d26e5f70812b3c4d6e9fa0b1c2d3e4f5a6978d0c1b2e3f4a5968' });

/** A key ring that holds only the keys of a group, under the key ids of its vectors. */
class VectorRing extends KeyRing {
  constructor(private readonly keys: ReadonlyMap<string, SigningKey>) {
    super(config.keys);
  }
  override find(kid: string): SigningKey | undefined {
    return this.keys.get(kid);
  }
}

function stepThatRefuses(jws: unknown, keys: readonly SigningKey[]): Step {
  if (typeof jws !== 'string') return 'shape';
  const ring = new VectorRing(new Map(keys.map((key) => [key.kid, key])));
  const tokens = new TokenService(
    new JwtService(),
    ring,
    new InternalKeys(config.keys),
    new SystemClock(),
    config.tokens,
  );
  const [header = '', payload = '', signature = '', ...rest] = jws.split('.');
  const shaped = parseToken([header, EMPTY, signature, ...rest].join('.'));
  if ('malformed' in shaped || !isCanonical(payload)) return 'shape';
  let key: SigningKey;
  try {
    key = tokens['keyOf'](shaped.header);
  } catch {
    return 'key';
  }
  const verifies = signatureVerifies(jws, key);
  expect(libraryVerifies(jws, key)).toBe(verifies);
  return verifies ? 'accepted' : 'signature';
}

/** Whether jsonwebtoken, an independent implementation, accepts the signature. */
function libraryVerifies(jws: string, { algorithm, verifyWith }: SigningKey): boolean {
  try {
    new JwtService().verify(jws, {
      // jsonwebtoken takes a KeyObject; the type of this option in @nestjs/jwt is narrower.
      publicKey: verifyWith as unknown as Buffer,
      algorithms: [algorithm],
      ignoreExpiration: true,
      ignoreNotBefore: true,
    });
    return true;
  } catch {
    return false;
  }
}

/** Whether a payload is canonical base64url, which parseToken checks before it parses the JSON. */
function isCanonical(payload: string): boolean {
  const shaped = parseToken(`${EMPTY}.${payload}.${EMPTY}`);
  return !('malformed' in shaped) || shaped.malformed === 'not JSON objects with unique keys';
}

/** A key of the suite as the ring would hold it; undefined for an algorithm that the service does not know. */
function signingKey(jwk: Jwk, alg = jwk.alg): SigningKey | undefined {
  const algorithm = ALGORITHMS.find((name) => name === alg);
  if (algorithm === undefined || jwk.kid === undefined) return undefined;
  const verifyWith =
    jwk.kty === 'oct' && jwk.k !== undefined
      ? createSecretKey(Buffer.from(jwk.k, 'base64url'))
      : createPublicKey({ key: jwk, format: 'jwk' });
  return { kid: jwk.kid, algorithm, signWith: undefined, verifyWith };
}

function isSigningKey(jwk: Jwk): boolean {
  try {
    return signingKey(jwk) !== undefined;
  } catch {
    return false;
  }
}

function jwksOf(group: Group, half: 'private' | 'public'): readonly Jwk[] {
  const found = group[half];
  if (found === undefined) return [];
  return 'keys' in found ? (found.keys as readonly Jwk[]) : [found];
}

/** The keys that verify a group's signatures: public keys or secrets. */
function verifiersOf(group: Group, alg?: string): SigningKey[] {
  const jwks = group.public ? jwksOf(group, 'public') : jwksOf(group, 'private');
  return jwks.map((jwk) => signingKey(jwk, alg ?? jwk.alg)).filter((key) => key !== undefined);
}

/** Valid vectors that our rules refuse, by tcId of json_web_signature_test.json. */
const STRICTER: Readonly<Record<number, readonly [step: Step, why: string]>> = {
  ...Object.fromEntries([259, 264, 268, 272, 320, 325].map((id) => [id, ['shape', 'its payload is empty']])),
  346: ['key', 'its key is for PS256, its header says PS384'],
  350: ['key', 'its key is for PS256, its header says PS384'],
  347: ['key', 'its key is for ES521, which is not an algorithm'],
  351: ['key', 'its key is for ES521, which is not an algorithm'],
  372: ['shape', 'its header holds a character outside base64url'],
  373: ['shape', 'its payload holds a character outside base64url'],
};

/**
 * Vectors marked invalid whose text equals that of a valid one: an error of the suite (C2SP/wycheproof issue 236). Our
 * own forgeries test padding in a token.
 */
const MISLABELLED = [367, 370];
const ORIGINAL = 357;

const signatures = read('json_web_signature_test.json');
const keys = read('json_web_key_test.json');

function vectorsOf(groups: readonly Group[]): Array<readonly [id: number, comment: string, Group, Vector]> {
  return groups.flatMap((group) =>
    group.tests.map((test) => [test.tcId, `${group.comment}: ${test.comment}`, group, test] as const),
  );
}

function withResult({ groups }: { groups: readonly Group[] }, result: Vector['result']) {
  return vectorsOf(groups).filter(([, , , test]) => test.result === result);
}

describe('the vectors', () => {
  it.each(['json_web_signature_test.json', 'json_web_key_test.json'])('of %s are as published', (file) => {
    const sums = readFileSync(join(FOLDER, 'SHA256SUMS'), 'utf8');
    const sum = createHash('sha256')
      .update(readFileSync(join(FOLDER, file)))
      .digest('hex');
    expect(sums.split('\n')).toContain(`${sum}  ${file}`);
    const { numberOfTests, groups } = read(file);
    expect(vectorsOf(groups).length).toBe(numberOfTests);
  });
});

describe('a JWS', () => {
  it.each(withResult(signatures, 'invalid').filter(([id]) => !MISLABELLED.includes(id)))(
    'that is invalid is refused: %i, %s',
    (_id, _comment, group, { jws }) => {
      expect(['shape', 'key', 'signature']).toContain(stepThatRefuses(jws, verifiersOf(group)));
    },
  );

  it.each(withResult(signatures, 'valid'))(
    'that is valid is accepted, or refused by a stricter rule: %i, %s',
    (id, _, group, { jws }) => {
      expect(stepThatRefuses(jws, verifiersOf(group))).toBe(STRICTER[id]?.[0] ?? 'accepted');
    },
  );

  it.each([
    [346, 'PS384'],
    [350, 'PS384'],
    [347, 'ES512'],
    [351, 'ES512'],
  ] as const)('whose key the suite misnames is accepted under the right name: %i, %s', (id, alg) => {
    const [, , group, vector] = vectorsOf(signatures.groups).find(([tcId]) => tcId === id) ?? [];
    expect(group && stepThatRefuses(vector?.jws, verifiersOf(group, alg))).toBe('accepted');
  });

  it('is skipped only where the suite calls the same text valid and invalid', () => {
    const all = new Map(vectorsOf(signatures.groups).map(([id, , , vector]) => [id, vector]));
    expect(all.get(ORIGINAL)?.result).toBe('valid');
    for (const id of MISLABELLED) {
      expect(all.get(id)).toMatchObject({ jws: all.get(ORIGINAL)?.jws, result: 'invalid' });
    }
  });

  it('is refused for its signature where it has no other fault', () => {
    const steps = withResult(signatures, 'invalid').map(([, , group, { jws }]) =>
      stepThatRefuses(jws, verifiersOf(group)),
    );
    // Most vectors damage only the signature. If all were refused for their shape, the suite would prove nothing.
    expect(steps.filter((step) => step === 'signature').length).toBeGreaterThan(280);
  });
});

/**
 * Vectors with a fault in the key that the service cannot meet, with the reason. The service reads no JWK: a key comes
 * from the settings, as a secret or a PEM with one algorithm, and loading the settings must find every other fault.
 */
const NO_SUCH_KEY: Readonly<Record<number, string>> = {
  1: 'a set of secret and public keys: one algorithm is set for all',
  4: 'two keys of one id: the id is computed from the key',
  7: 'a key of a generator with a known fault (ROCA): the operator made the key',
  21: 'a key meant for encryption: a PEM does not state its use',
};

/** Public keys of the suite that other services would find in a key set. */
describe('a key of a key set', () => {
  const sets = [...signatures.groups, ...keys.groups].flatMap((group) => jwksOf(group, 'public'));

  it('is accepted where the service knows its algorithm and it is strong enough', () => {
    const left = sets.filter((jwk) => isSigningKey(jwk) && keyOfJwk(jwk) === undefined);
    // The first is shorter than 2048 bits, the second is meant for encryption.
    expect(left.map(({ kid, alg, use }) => [kid, alg, use])).toEqual([
      ['RS256_1024', 'RS256', 'sig'],
      ['kid-ec-sign', 'ES256', 'enc'],
    ]);
    expect(sets.filter((jwk) => keyOfJwk(jwk) !== undefined).length).toBeGreaterThan(10);
  });

  it('is never a secret', () => {
    const secrets = signatures.groups.flatMap((group) => jwksOf(group, 'private'));
    const taken = secrets.filter(({ kty }) => kty === 'oct').map(keyOfJwk);
    expect(new Set(taken)).toEqual(new Set([undefined]));
  });
});

/** The one key vector whose fault is in the signature. */
const CHANGED = 3;

describe('a key', () => {
  it.each(withResult(keys, 'valid'))(
    'that is valid verifies its signature: %i, %s',
    (_id, _comment, group, { jws }) => {
      expect(stepThatRefuses(jws, verifiersOf(group))).toBe('accepted');
    },
  );

  it('of several keys verifies no changed signature: 3', () => {
    const [, , group, vector] = vectorsOf(keys.groups).find(([id]) => id === CHANGED) ?? [];
    expect(group && stepThatRefuses(vector?.jws, verifiersOf(group))).toBe('signature');
  });

  it.each(withResult(keys, 'invalid').filter(([id]) => id !== CHANGED && !(id in NO_SUCH_KEY)))(
    'that is invalid is refused as a setting: %i, %s',
    (_id, _comment, group) => {
      const [jwk = {}] = jwksOf(group, 'private');
      expect(isSetting(jwk)).toBe(false);
    },
  );
});

/** Whether the settings accept a key. The vectors themselves prove nothing here, because some have an empty payload. */
function isSetting({ alg, ...jwk }: Jwk): boolean {
  try {
    const key =
      jwk.kty === 'oct'
        ? { SECRET_KEY: Buffer.from(jwk.k ?? '', 'base64url').toString('latin1') }
        : {
            JWT_PRIVATE_KEY: createPrivateKey({ key: jwk, format: 'jwk' })
              .export({ type: 'pkcs8', format: 'pem' })
              .toString(),
          };
    loadConfig({ JWT_ALGORITHM: alg, ...key });
    return true;
  } catch {
    return false;
  }
}
