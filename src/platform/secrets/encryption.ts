import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Purpose, RootSecret } from './root-secret.js';

const CIPHER = 'aes-256-gcm';
export const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** The use of a ciphertext, and the row it belongs to. Both are authenticated, so that ciphertexts cannot be swapped. */
export interface Place {
  readonly purpose: Purpose;
  /** The id of the row. */
  readonly id: string;
}

/**
 * Encrypts with AES-256-GCM under the purpose's key. Layout: 12 bytes nonce, 16 bytes tag, ciphertext.
 * @param nonce random where absent; any other must never be used for two plaintexts
 */
export function encrypt(
  plaintext: Buffer,
  { purpose, id }: Place,
  root: Pick<RootSecret, 'key'>,
  nonce: Buffer = randomBytes(NONCE_BYTES),
): Buffer {
  const cipher = createCipheriv(CIPHER, root.key(purpose), nonce).setAAD(Buffer.from(id));
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), ciphertext]);
}

/** @throws Error where the root secret, the place or a byte differs from that of the encryption */
export function decrypt(sealed: Buffer, { purpose, id }: Place, root: Pick<RootSecret, 'key'>): Buffer {
  const nonce = sealed.subarray(0, NONCE_BYTES);
  const tag = sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES);
  const decipher = createDecipheriv(CIPHER, root.key(purpose), nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(id)).setAuthTag(tag);
  return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
}
