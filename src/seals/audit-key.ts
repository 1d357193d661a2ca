import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { decrypt, encrypt, type Place } from '../platform/secrets/encryption.js';
import type { RootSecret } from '../platform/secrets/root-secret.js';

/** A key of the audit log: independent keys for events, for seals, and for the encryption of the key before it. */
export interface AuditKey {
  /** Names the key in the rows that it signed. */
  readonly id: string;
  readonly events: KeyObject;
  readonly seals: KeyObject;
  readonly wrapping: KeyObject;
}

const ID_LENGTH = 22;
const KEY_BYTES = 32;

/** The key of a root secret. */
export function derivedKey(root: RootSecret): AuditKey {
  return {
    id: root.key('auditKeyId').export().toString('base64url').slice(0, ID_LENGTH),
    events: root.key('auditEvents'),
    seals: root.key('auditSeals'),
    wrapping: root.key('auditKeyEncryption'),
  };
}

/** HMAC-SHA-256. */
export function hmac(key: KeyObject, data: string | Buffer): Buffer {
  return createHmac('sha256', key).update(data).digest();
}

/** Encrypts a key under its successor. */
export function wrapKey({ id, events, seals, wrapping }: AuditKey, successor: AuditKey): Buffer {
  const keys = Buffer.concat([events, seals, wrapping].map((key) => key.export()));
  return encrypt(keys, placeOf(id), { key: () => successor.wrapping });
}

/** The key that {@link wrapKey} encrypted; undefined where the successor is another one or the bytes were changed. */
export function unwrapKey(wrapped: Buffer, id: string, successor: AuditKey): AuditKey | undefined {
  try {
    const keys = decrypt(wrapped, placeOf(id), { key: () => successor.wrapping });
    if (keys.length !== 3 * KEY_BYTES) return undefined;
    const part = (index: number) =>
      createSecretKey(keys.subarray(index * KEY_BYTES, (index + 1) * KEY_BYTES));
    return { id, events: part(0), seals: part(1), wrapping: part(2) };
  } catch {
    return undefined;
  }
}

function placeOf(id: string): Place {
  return { purpose: 'auditKeyEncryption', id };
}
