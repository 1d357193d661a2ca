import {
  constants,
  createHash,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto';

export const ASYMMETRIC = [
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
export type Asymmetric = (typeof ASYMMETRIC)[number];

const CURVES: Readonly<Record<string, string>> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' };

/** A generated key pair, in the formats that a deployment, a verifier and an attacker use. */
export interface PemKey {
  readonly privateKey: KeyObject;
  /** The text of `JWT_PRIVATE_KEY`. */
  readonly privatePem: string;
  readonly publicKey: KeyObject;
  readonly publicPem: string;
  readonly jwk: JsonWebKey;
}

/** Generating RSA keys is slow, so each owner has one RSA key for all algorithms. */
const rsaKeys = new Map<string, KeyObject>();

function rsaKey(owner: string): KeyObject {
  const key = rsaKeys.get(owner) ?? generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  rsaKeys.set(owner, key);
  return key;
}

export function newPemKey(algorithm: Asymmetric, owner: 'service' | 'stranger' = 'service'): PemKey {
  const namedCurve = CURVES[algorithm];
  const privateKey = namedCurve ? generateKeyPairSync('ec', { namedCurve }).privateKey : rsaKey(owner);
  const publicKey = createPublicKey(privateKey);
  return {
    privateKey,
    privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKey,
    publicPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    jwk: publicKey.export({ format: 'jwk' }),
  };
}

/** The thumbprint of RFC 7638 section 3, for RSA and EC keys. */
export function thumbprintOf({ kty, n, e, crv, x, y }: JsonWebKey): string {
  const members =
    kty === 'RSA'
      ? `{"e":"${e}","kty":"RSA","n":"${n}"}`
      : `{"crv":"${crv}","kty":"EC","x":"${x}","y":"${y}"}`;
  return createHash('sha256').update(members).digest('base64url');
}

/** The options of node:crypto for a signature algorithm of RFC 7518 section 3. */
function scheme(algorithm: string) {
  if (algorithm.startsWith('ES')) return { dsaEncoding: 'ieee-p1363' } as const;
  if (algorithm.startsWith('RS')) return { padding: constants.RSA_PKCS1_PADDING };
  return { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
}

export function signatureOf(input: string, algorithm: string, key: KeyObject): Buffer {
  return sign(`sha${algorithm.slice(2)}`, Buffer.from(input), { key, ...scheme(algorithm) });
}

/** Whether a token verifies with a public key, without code of the service or its libraries. */
export function verifies(token: string, algorithm: string, key: KeyObject): boolean {
  const at = token.lastIndexOf('.');
  const signature = Buffer.from(token.slice(at + 1), 'base64url');
  return verify(
    `sha${algorithm.slice(2)}`,
    Buffer.from(token.slice(0, at)),
    { key, ...scheme(algorithm) },
    signature,
  );
}

/** A token of these header and claims, signed by a private key with any algorithm. */
export function signedWith(header: object, claims: object, algorithm: string, key: KeyObject): string {
  const input = unsignedToken(header, claims);
  return `${input}.${signatureOf(input, algorithm, key).toString('base64url')}`;
}

/** The first two parts of a token. */
export function unsignedToken(header: object, claims: object): string {
  return [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
}
