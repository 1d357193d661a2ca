import { createPrivateKey, type KeyObject } from 'node:crypto';
import { decrypt, encrypt } from '../platform/secrets/encryption.js';
import type { RootSecret } from '../platform/secrets/root-secret.js';

const PURPOSE = 'keyEncryption';

/** Encrypts a private key under a root secret. The `kid` is authenticated too, so that rows cannot be swapped. */
export function wrapKey(privateKey: KeyObject, kid: string, root: RootSecret): Buffer {
  return encrypt(privateKey.export({ format: 'der', type: 'pkcs8' }), { purpose: PURPOSE, id: kid }, root);
}

/** Decrypts a private key. @throws Error if the root secret is another one or a byte was changed */
export function unwrapKey(wrapped: Buffer, kid: string, root: RootSecret): KeyObject {
  const der = decrypt(wrapped, { purpose: PURPOSE, id: kid }, root);
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
}

/** A one-way id of a root secret, stored beside each private key that the secret encrypts. */
export function wrappingId(root: RootSecret): string {
  return root.idOf(PURPOSE);
}
