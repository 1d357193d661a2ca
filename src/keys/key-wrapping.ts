import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createPrivateKey,
  hkdfSync,
  randomBytes,
  type KeyObject,
} from 'node:crypto';

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const PURPOSE = 'latchkey signing key encryption';

/**
 * Encrypts a private key with AES-256-GCM under a key derived from `SECRET_KEY` by HKDF-SHA-256 (RFC 5869). The `kid` is
 * authenticated too, so that rows cannot be swapped. Layout: 12 bytes nonce, 16 bytes tag, ciphertext.
 */
export function wrapKey(privateKey: KeyObject, kid: string, secret: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, encryptionKey(secret), nonce).setAAD(Buffer.from(kid));
  const der = privateKey.export({ format: 'der', type: 'pkcs8' });
  const ciphertext = Buffer.concat([cipher.update(der), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), ciphertext]);
}

/** Decrypts a private key. @throws Error if the secret is another one or the bytes were changed */
export function unwrapKey(wrapped: Buffer, kid: string, secret: string): KeyObject {
  const nonce = wrapped.subarray(0, NONCE_BYTES);
  const tag = wrapped.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES);
  const decipher = createDecipheriv(CIPHER, encryptionKey(secret), nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(kid)).setAuthTag(tag);
  const der = Buffer.concat([decipher.update(wrapped.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
}

/** A one-way id of a secret, stored beside each private key that the secret encrypts. */
export function wrappingId(secret: string): string {
  return createHash('sha256').update(encryptionKey(secret)).update('id').digest('base64url').slice(0, 22);
}

function encryptionKey(secret: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', PURPOSE, 32));
}
