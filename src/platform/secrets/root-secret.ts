import { createHash, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import type { KeyConfig } from '../config/config.js';

/**
 * The uses of the root secret, each with the label that its keys are derived under (HKDF, RFC 5869). A new use is one line
 * here. A label never changes: the keys under it sign and encrypt stored data.
 */
const PURPOSES = {
  refreshTokens: 'latchkey refresh token',
  browserTokens: 'latchkey browser token',
  deviceCookies: 'latchkey device cookie',
  keyEncryption: 'latchkey signing key encryption',
  keyNonces: 'latchkey signing key nonce',
  keyRows: 'latchkey signing key row',
  auditKeyId: 'latchkey audit key id',
  auditEvents: 'latchkey audit event',
  auditSeals: 'latchkey audit seal',
  backups: 'latchkey backup',
  auditKeyEncryption: 'latchkey audit key encryption',
} as const;

export type Purpose = keyof typeof PURPOSES;

const KEY_BYTES = 32;
const ID_LENGTH = 22;

/** One root secret, current or former. Neither the secret nor another purpose's key can be computed from a derived key. */
export class RootSecret {
  private readonly keys = new Map<Purpose, KeyObject>();

  constructor(private readonly material: string | Buffer) {}

  /** The key of a purpose, made once: for HMAC-SHA-256 or AES-256-GCM. */
  key(purpose: Purpose): KeyObject {
    const known = this.keys.get(purpose);
    if (known) return known;
    const key = createSecretKey(
      Buffer.from(hkdfSync('sha256', this.material, '', PURPOSES[purpose], KEY_BYTES)),
    );
    this.keys.set(purpose, key);
    return key;
  }

  /** A one-way id of the key of a purpose, 22 characters of base64url, to be stored beside what the key protects. */
  idOf(purpose: Purpose): string {
    const digest = createHash('sha256').update(this.key(purpose).export()).update('id');
    return digest.digest('base64url').slice(0, ID_LENGTH);
  }
}

/**
 * The root secrets, the current one first: `ROOT_SECRET` or else `SECRET_KEY`, then a pinned private key, which is the
 * root where no secret is set, then the former ones, which still verify and decrypt. Never empty.
 */
export function rootSecrets({
  rootSecret,
  pinnedKey,
  previousRootSecrets,
}: Pick<KeyConfig, 'rootSecret' | 'pinnedKey' | 'previousRootSecrets'>): [RootSecret, ...RootSecret[]] {
  const pinned = pinnedKey?.export({ format: 'der', type: 'pkcs8' });
  const [current, ...others] = [rootSecret, pinned, ...previousRootSecrets]
    .filter((material) => material !== undefined)
    .map((material) => new RootSecret(material));
  if (current === undefined) throw new Error('neither a secret nor a private key is configured');
  return [current, ...others];
}
