import { createPublicKey, type KeyObject } from 'node:crypto';
import type { KeyConfig } from '../platform/config/config.js';
import { rootSecrets, type RootSecret } from '../platform/secrets/root-secret.js';
import type { RingKey } from './key-ring.js';
import type { KeyRow } from './key-row.js';
import { unwrapKey, wrapKey, wrappingId } from './key-wrapping.js';
import { privateSigningKey, publicSigningKey, secretSigningKey } from './signing-key.js';

/** A private key that was encrypted under a previous secret and is now encrypted under the current one. */
export interface Rewrapped {
  /** The wrapping id of the previous secret. */
  readonly from: string;
  /** The wrapping id of the current secret. */
  readonly to: string;
  readonly privateKey: Buffer;
}

/**
 * The key of a row. It signs if the settings hold or decrypt its private half, and only verifies otherwise. Undefined for
 * a secret that the settings do not name.
 */
export function keyOfRow(row: KeyRow, config: KeyConfig): RingKey | undefined {
  const { activeFrom, activeUntil, verifyUntil, compromisedAt } = row;
  const key = materialOf(row, config);
  return (
    key && {
      ...key,
      compromised: compromisedAt !== null,
      activeFrom,
      activeUntil,
      verifyUntil,
      compromisedAt,
    }
  );
}

function materialOf(row: KeyRow, config: KeyConfig) {
  if (row.publicKey === null) {
    const secrets =
      config.secret === undefined ? config.previousSecrets : [config.secret, ...config.previousSecrets];
    return secrets
      .map((secret) => secretSigningKey(secret, row.algorithm))
      .find(({ kid }) => kid === row.kid);
  }
  const publicKey = createPublicKey(row.publicKey);
  const privateKey = row.source === 'pinned' ? pinnedFor(publicKey, config) : unwrapped(row, config)?.key;
  return privateKey
    ? privateSigningKey(privateKey, row.algorithm)
    : publicSigningKey(publicKey, row.algorithm);
}

function pinnedFor(publicKey: KeyObject, { pinnedKey }: KeyConfig): KeyObject | undefined {
  return pinnedKey && createPublicKey(pinnedKey).equals(publicKey) ? pinnedKey : undefined;
}

/** The private key of a row and the root secret that encrypts it; undefined if no root secret of the settings decrypts it. */
function unwrapped(row: KeyRow, config: KeyConfig): { key: KeyObject; root: RootSecret } | undefined {
  const root = rootSecrets(config).find((candidate) => wrappingId(candidate) === row.wrappedBy);
  if (root === undefined || row.privateKey === null) return undefined;
  return { key: unwrapKey(row.privateKey, row.kid, root), root };
}

/** Encrypts a row's private key anew after a change of the root secret; undefined if the row needs no change. */
export function rewrapped(row: KeyRow, config: KeyConfig): Rewrapped | undefined {
  if (row.source !== 'ring' || row.wrappedBy === null) return undefined;
  const [current] = rootSecrets(config);
  const to = wrappingId(current);
  const opened = to === row.wrappedBy ? undefined : unwrapped(row, config);
  return opened && { from: row.wrappedBy, to, privateKey: wrapKey(opened.key, row.kid, current) };
}
