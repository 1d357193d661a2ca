import { createHmac, createPrivateKey, type KeyObject } from 'node:crypto';
import { decrypt, encrypt, NONCE_BYTES } from '../platform/secrets/encryption.js';
import type { RootSecret } from '../platform/secrets/root-secret.js';

const PURPOSE = 'keyEncryption';

/**
 * Encrypts a private key under a root secret. The `kid` is authenticated too, so that rows cannot be swapped. The nonce is
 * derived from the `kid`, the thumbprint of the key: it tells this encryption from that of versions whose rows had no
 * authentication code, and it is never used for two keys.
 */
export function wrapKey(privateKey: KeyObject, kid: string, root: RootSecret): Buffer {
  const der = privateKey.export({ format: 'der', type: 'pkcs8' });
  return encrypt(der, { purpose: PURPOSE, id: kid }, root, nonceOf(kid, root));
}

/** Decrypts a private key. @throws Error if the root secret is another one or a byte was changed */
export function unwrapKey(wrapped: Buffer, kid: string, root: RootSecret): KeyObject {
  const der = decrypt(wrapped, { purpose: PURPOSE, id: kid }, root);
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
}

/** Whether {@link wrapKey} made these bytes, under this root secret, rather than a version before it. */
export function wasWrappedHere(wrapped: Buffer, kid: string, root: RootSecret): boolean {
  return wrapped.subarray(0, NONCE_BYTES).equals(nonceOf(kid, root));
}

/** A one-way id of a root secret, stored beside each private key that the secret encrypts. */
export function wrappingId(root: RootSecret): string {
  return root.idOf(PURPOSE);
}

function nonceOf(kid: string, root: RootSecret): Buffer {
  return createHmac('sha256', root.key('keyNonces')).update(kid).digest().subarray(0, NONCE_BYTES);
}
