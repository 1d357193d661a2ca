import {
  constants,
  createHmac,
  createPublicKey,
  createSecretKey,
  timingSafeEqual,
  verify,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto';

export const ALGORITHMS = [
  'HS256',
  'HS384',
  'HS512',
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
] as const;

/** The JWS algorithms of RFC 7518 that the service signs and verifies with. */
export type Algorithm = (typeof ALGORITHMS)[number];

/** A key that verifies signatures. The algorithm is a property of the key; a token's `alg` must match it. */
export interface VerificationKey {
  /** The key id in a token's header (RFC 7515 section 4.1.4). */
  readonly kid: string;
  readonly algorithm: Algorithm;
  readonly verifyWith: KeyObject;
}

const KID_LENGTH = 22;
const RSA_MIN_BITS = 2048;
const CURVES: Readonly<Record<string, string>> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' };

/**
 * The key id of a shared secret: a one-way digest, so that deployments can compare secrets without showing them, and one
 * that never equals a signature. The same secret has another id under another algorithm.
 */
export function secretKid(secret: string, algorithm: Algorithm): string {
  const digest = createHmac('sha256', secret).update(`latchkey key id ${algorithm}`).digest('base64url');
  return digest.slice(0, KID_LENGTH);
}

/** The key of an HS* algorithm: the UTF-8 bytes of the service's `SECRET_KEY`. */
export function secretVerificationKey(secret: string, algorithm: Algorithm): VerificationKey {
  return { kid: secretKid(secret, algorithm), algorithm, verifyWith: createSecretKey(secret, 'utf8') };
}

/**
 * Reads a public key of a JWKS (RFC 7517). Returns undefined for keys that do not verify tokens: an unknown algorithm, a
 * secret (`oct`), an RSA modulus below 2048 bits, a curve, `use` or `key_ops` that does not fit the algorithm.
 */
export function keyOfJwk(jwk: unknown): VerificationKey | undefined {
  if (typeof jwk !== 'object' || jwk === null) return undefined;
  const { kid, alg, use, kty, crv, key_ops: operations } = jwk as Record<string, unknown>;
  const algorithm = ALGORITHMS.find((name) => name === alg);
  if (typeof kid !== 'string' || kid === '' || algorithm === undefined) return undefined;
  if ((use !== undefined && use !== 'sig') || (operations !== undefined && !isToVerify(operations))) {
    return undefined;
  }
  const isOfKind = kty === 'EC' ? CURVES[algorithm] === crv : kty === 'RSA' && /^[RP]S/.test(algorithm);
  if (!isOfKind) return undefined;
  try {
    const verifyWith = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' });
    const bits = verifyWith.asymmetricKeyDetails?.modulusLength;
    return bits !== undefined && bits < RSA_MIN_BITS ? undefined : { kid, algorithm, verifyWith };
  } catch {
    return undefined;
  }
}

function isToVerify(operations: unknown): boolean {
  return Array.isArray(operations) && operations.includes('verify');
}

/**
 * Whether the last part of a token is the key's signature over the first two (RFC 7515 section 5.2). Expects a token
 * that `parseToken` accepted.
 */
export function signatureVerifies(token: string, { algorithm, verifyWith }: VerificationKey): boolean {
  const end = token.lastIndexOf('.');
  const input = Buffer.from(token.slice(0, end));
  const signature = Buffer.from(token.slice(end + 1), 'base64url');
  const hash = `sha${algorithm.slice(2)}`;
  try {
    switch (algorithm.slice(0, 2)) {
      case 'HS': {
        const expected = createHmac(hash, verifyWith).update(input).digest();
        return expected.length === signature.length && timingSafeEqual(expected, signature);
      }
      case 'RS':
        return verify(hash, input, verifyWith, signature);
      case 'PS':
        // RFC 7518 section 3.5: the salt has the length of the hash.
        return verify(hash, input, { key: verifyWith, ...PSS }, signature);
      default:
        // RFC 7518 section 3.4: the two numbers are concatenated, unlike in DER.
        return verify(hash, input, { key: verifyWith, dsaEncoding: 'ieee-p1363' }, signature);
    }
  } catch {
    return false;
  }
}

const PSS = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
