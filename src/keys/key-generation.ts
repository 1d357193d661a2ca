import { generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { Algorithm } from '../platform/config/config.js';

const generate = promisify(generateKeyPair);
const CURVES: Partial<Record<Algorithm, string>> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' };
const RSA_BITS = 3072;

/** Generates a private key for an asymmetric algorithm, off the main thread. */
export async function generatePrivateKey(algorithm: Algorithm): Promise<KeyObject> {
  const namedCurve = CURVES[algorithm];
  const pair =
    namedCurve === undefined
      ? await generate('rsa', { modulusLength: RSA_BITS })
      : await generate('ec', { namedCurve });
  return pair.privateKey;
}
