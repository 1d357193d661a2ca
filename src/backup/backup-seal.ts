import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import type { KeyConfig } from '../platform/config/config.js';
import { rootSecrets } from '../platform/secrets/root-secret.js';

export const TAG_BYTES = 32;

/** The fingerprint of the root secret that authenticates new backups. The secret cannot be computed from it. */
export function secretFingerprint(config: KeyConfig): string {
  return rootSecrets(config)[0].idOf('backups');
}

export function newSalt(): string {
  return randomBytes(16).toString('base64url');
}

/**
 * The tags of a backup (HMAC-SHA-256), under a key that is derived from the root secret (RFC 5869). Each tag covers the
 * one before it, so that no part can be changed, moved, repeated or taken from another backup.
 */
export class SealChain {
  private last = Buffer.alloc(0);

  private constructor(private readonly key: Buffer) {}

  /** @returns undefined where neither the root secret nor a former one has this fingerprint */
  static under(
    config: KeyConfig,
    { secret, salt }: { readonly secret: string; readonly salt: string },
  ): SealChain | undefined {
    const root = rootSecrets(config).find((one) => one.idOf('backups') === secret);
    if (!root) return undefined;
    const key = hkdfSync('sha256', root.key('backups').export(), salt, 'latchkey backup file', TAG_BYTES);
    return new SealChain(Buffer.from(key));
  }

  /** The tag of the next part. */
  next(...parts: readonly Uint8Array[]): Buffer {
    const hmac = createHmac('sha256', this.key).update(this.last);
    for (const part of parts) hmac.update(part);
    return (this.last = hmac.digest());
  }

  /** Whether this is the tag of the next part. */
  matches(tag: Uint8Array, ...parts: readonly Uint8Array[]): boolean {
    const expected = this.next(...parts);
    return tag.length === expected.length && timingSafeEqual(tag, expected);
  }
}
