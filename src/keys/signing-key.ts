import { createHash, createPublicKey, createSecretKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { secretKid } from '@latchkey/token-rules';
import type { Algorithm } from '../platform/config/config.js';

/**
 * A key that signs or verifies tokens. The key determines the algorithm, never the token. The key objects are made once:
 * parsing a secret or a PEM at every call costs fifty times the signature.
 */
export interface SigningKey {
  /** The key's name in a token's header (RFC 7515 section 4.1.4). Reveals nothing about a secret. */
  readonly kid: string;
  readonly algorithm: Algorithm;
  /** Absent on a key that only verifies. */
  readonly signWith: KeyObject | undefined;
  readonly verifyWith: KeyObject;
  /** The key is known to others, so every token it signed is revoked. */
  readonly compromised?: boolean;
}

/** A key that signs. */
export type CurrentKey = SigningKey & { readonly signWith: KeyObject };

/**
 * The key of an HS* algorithm. The text itself is the key, so that any other implementation given the same text
 * verifies the same tokens.
 */
export function secretSigningKey(secret: string, algorithm: Algorithm, mayVerifyOnly = false): SigningKey {
  const key = createSecretKey(secret, 'utf8');
  return {
    kid: secretKid(secret, algorithm),
    algorithm,
    signWith: mayVerifyOnly ? undefined : key,
    verifyWith: key,
  };
}

/** The key pair of an RS*, PS* or ES* algorithm; its `kid` is the thumbprint of RFC 7638. */
export function privateSigningKey(privateKey: KeyObject, algorithm: Algorithm): SigningKey {
  return { ...publicSigningKey(createPublicKey(privateKey), algorithm), signWith: privateKey };
}

/** The public half of an RS*, PS* or ES* key pair: it only verifies. */
export function publicSigningKey(publicKey: KeyObject, algorithm: Algorithm): SigningKey {
  return { kid: thumbprint(publicKey), algorithm, signWith: undefined, verifyWith: publicKey };
}

/** The public key as a JWK (RFC 7517); undefined for a secret, which is never published. */
export function publicJwk(key: SigningKey): JsonWebKey | undefined {
  if (key.verifyWith.type === 'secret') return undefined;
  return { ...key.verifyWith.export({ format: 'jwk' }), kid: key.kid, use: 'sig', alg: key.algorithm };
}

function thumbprint(publicKey: KeyObject): string {
  const { kty, crv, x, y, e, n } = publicKey.export({ format: 'jwk' });
  // RFC 7638 section 3.2: the required members alone, in lexicographic order.
  const members = kty === 'EC' ? { crv, kty, x, y } : { e, kty, n };
  return createHash('sha256').update(JSON.stringify(members)).digest('base64url');
}
