import { createPublicKey, type KeyObject } from 'node:crypto';
import type { KeyConfig } from '../platform/config/config.js';
import type { RingKey } from './key-ring.js';
import { unwrapKey, wrapKey, wrappingId } from './key-wrapping.js';
import { privateSigningKey, publicSigningKey, secretSigningKey } from './signing-key.js';
import type { KeyRow } from './key-row.js';

/** A row's private key encrypted under the current secret, where it was under a previous one. */
export interface Rewrapped {
  readonly from: string;
  readonly to: string;
  readonly privateKey: Buffer;
}

/**
 * The usable key behind a row: with its private half where these settings can reach it, verifying only where they
 * cannot; undefined for a secret that these settings do not name.
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

/** The private key of a row and the secret it was wrapped under; undefined where no secret of the settings opens it. */
function unwrapped(row: KeyRow, config: KeyConfig): { key: KeyObject; secret: string } | undefined {
  const secrets = config.secret === undefined ? [] : [config.secret, ...config.previousSecrets];
  const secret = secrets.find((candidate) => wrappingId(candidate) === row.wrappedBy);
  if (secret === undefined || row.privateKey === null) return undefined;
  return { key: unwrapKey(row.privateKey, row.kid, secret), secret };
}

/** What a row's private key becomes when `SECRET_KEY` has changed; undefined where nothing has to change. */
export function rewrapped(row: KeyRow, config: KeyConfig): Rewrapped | undefined {
  if (row.source !== 'ring' || config.secret === undefined || row.wrappedBy === null) return undefined;
  const to = wrappingId(config.secret);
  const opened = to === row.wrappedBy ? undefined : unwrapped(row, config);
  return opened && { from: row.wrappedBy, to, privateKey: wrapKey(opened.key, row.kid, config.secret) };
}
