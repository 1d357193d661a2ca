import { createPublicKey, type KeyObject } from 'node:crypto';
import type { KeyConfig } from '../platform/config/config.js';
import { rootSecrets, type RootSecret } from '../platform/secrets/root-secret.js';
import type { RingKey } from './key-ring.js';
import type { KeyRow } from './key-row.js';
import { unwrapKey, wasWrappedHere, wrapKey, wrappingId } from './key-wrapping.js';
import { privateSigningKey, publicSigningKey, secretSigningKey, type SigningKey } from './signing-key.js';

/**
 * The key of an authentic row. It signs if the settings hold or decrypt its private half, and only verifies otherwise.
 * Undefined for a secret that the settings do not name.
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

/** The secret of the settings that has the row's `kid`. */
export function secretKeyOf({ algorithm, kid }: KeyRow, config: KeyConfig): SigningKey | undefined {
  return [config.secret, ...config.previousSecrets]
    .filter((secret) => secret !== undefined)
    .map((secret) => secretSigningKey(secret, algorithm))
    .find((key) => key.kid === kid);
}

/** The pinned key of the settings, if the row holds its public half. */
export function pinnedKeyOf(
  { publicKey, algorithm }: KeyRow,
  { pinnedKey }: KeyConfig,
): SigningKey | undefined {
  if (!pinnedKey || publicKey === null) return undefined;
  if (!createPublicKey(pinnedKey).equals(createPublicKey(publicKey))) return undefined;
  return privateSigningKey(pinnedKey, algorithm);
}

/** The private key of a row and the root secret that encrypts it; undefined if no root secret of the settings decrypts it. */
export function opened(row: KeyRow, config: KeyConfig): { key: KeyObject; root: RootSecret } | undefined {
  const root = rootSecrets(config).find((candidate) => wrappingId(candidate) === row.wrappedBy);
  if (root === undefined || row.privateKey === null) return undefined;
  return { key: unwrapKey(row.privateKey, row.kid, root), root };
}

/** The row with its private key encrypted under the current root secret, as this version does. */
export function rewrapped(row: KeyRow, config: KeyConfig): KeyRow {
  if (row.source !== 'ring' || row.privateKey === null) return row;
  const [current] = rootSecrets(config);
  if (wasWrappedHere(row.privateKey, row.kid, current)) return row;
  const key = opened(row, config)?.key;
  return key ? { ...row, privateKey: wrapKey(key, row.kid, current), wrappedBy: wrappingId(current) } : row;
}

function materialOf(row: KeyRow, config: KeyConfig): SigningKey | undefined {
  if (row.publicKey === null) return secretKeyOf(row, config);
  const verifying = publicSigningKey(createPublicKey(row.publicKey), row.algorithm);
  if (row.source === 'pinned') return pinnedKeyOf(row, config) ?? verifying;
  const key = opened(row, config)?.key;
  return key ? privateSigningKey(key, row.algorithm) : verifying;
}
