import { createPrivateKey, type KeyObject } from 'node:crypto';
import type { Algorithm } from './config.js';

const CURVES: Partial<Record<Algorithm, string>> = {
  ES256: 'prime256v1',
  ES384: 'secp384r1',
  ES512: 'secp521r1',
};
/** RFC 7518 sections 3.3 and 3.5. */
const MINIMUM_RSA_BITS = 2048;
/** NIST SP 800-56B section 6.2; with an exponent of 1 a signature would equal its message. */
const MINIMUM_RSA_EXPONENT = 65_537n;

/**
 * Reads the private key in a PEM text; returns a problem where it is malformed or does not fit the algorithm.
 * @param pem PKCS#8, PKCS#1 or SEC 1, unencrypted; `\n` written as two characters is read as a line end
 */
export function readSigningKey(pem: string, algorithm: Algorithm): { key: KeyObject } | { problem: string } {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem.replaceAll('\\n', '\n'));
  } catch {
    return { problem: 'is not an unencrypted private key in PEM form' };
  }
  const problem = mismatch(key, algorithm);
  return problem === undefined ? { key } : { problem };
}

function mismatch(key: KeyObject, algorithm: Algorithm): string | undefined {
  const { modulusLength, namedCurve, publicExponent } = key.asymmetricKeyDetails ?? {};
  const curve = CURVES[algorithm];
  if (curve !== undefined) {
    return key.asymmetricKeyType === 'ec' && namedCurve === curve
      ? undefined
      : `must be an EC key on the curve ${curve} for ${algorithm}`;
  }
  if (key.asymmetricKeyType !== 'rsa') return `must be an RSA key for ${algorithm}`;
  if ((publicExponent ?? 0n) < MINIMUM_RSA_EXPONENT)
    return `must have a public exponent of at least ${MINIMUM_RSA_EXPONENT}`;
  return (modulusLength ?? 0) >= MINIMUM_RSA_BITS
    ? undefined
    : `must be an RSA key of at least ${MINIMUM_RSA_BITS} bits for ${algorithm}`;
}
