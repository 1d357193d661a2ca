import { createHmac, createPublicKey, timingSafeEqual, type KeyObject } from 'node:crypto';
import type { Algorithm, KeyConfig } from '../platform/config/config.js';
import { rootSecrets } from '../platform/secrets/root-secret.js';
import { opened, pinnedKeyOf, secretKeyOf } from './key-material.js';
import type { KeyRow, StoredKeyRow } from './key-row.js';
import { wasWrappedHere } from './key-wrapping.js';
import { publicSigningKey } from './signing-key.js';

/** The rows of the table, sorted by whether this service wrote them. */
export interface SortedRows {
  /** In the order of the table. */
  readonly authentic: StoredKeyRow[];
  /** Rows that were written or changed by others, or under a root secret that the settings do not name. They are no keys. */
  readonly rejected: StoredKeyRow[];
}

/** The authentication code of a row: HMAC-SHA-256 over every column, under the current root secret. */
export function macOf(row: KeyRow, config: KeyConfig): Buffer {
  const [current] = rootSecrets(config);
  return hmac(current.key('keyRows'), row);
}

/**
 * Sorts out the rows that were written without the root secret, by a program with access to the database alone.
 *
 * Rows of versions without authentication codes have none. Such a row of the ring counts if its private key opens under a
 * root secret, matches the public key, and was encrypted by such a version: a new row
 * without its code does not pass for an old one.
 * @param mayAdopt whether other rows without a code count, if the table holds no row of this version. For the start: no
 * other row then tells that the table is older than this version.
 */
export function sortRows(rows: readonly StoredKeyRow[], config: KeyConfig, mayAdopt: boolean): SortedRows {
  const isOld = mayAdopt && rows.every((row) => row.mac === null && !isOfThisVersion(row, config));
  const isAuthentic = (row: StoredKeyRow): boolean => {
    if (row.mac !== null) return verifies(row, row.mac, config);
    return row.source === 'ring' ? opensAsBefore(row, config) : isOld && isOfSettings(row, config);
  };
  const authentic = rows.filter(isAuthentic);
  return { authentic, rejected: rows.filter((row) => !authentic.includes(row)) };
}

function verifies(row: KeyRow, mac: Buffer, config: KeyConfig): boolean {
  return rootSecrets(config).some((root) => {
    const right = hmac(root.key('keyRows'), row);
    return right.length === mac.length && timingSafeEqual(right, mac);
  });
}

function hmac(key: KeyObject, row: KeyRow): Buffer {
  const text = JSON.stringify([
    'latchkey signing key 1',
    row.kid,
    row.algorithm,
    row.source,
    row.publicKey,
    row.privateKey?.toString('base64url') ?? null,
    row.wrappedBy,
    row.createdAt,
    row.activeFrom,
    row.activeUntil,
    row.verifyUntil,
    row.compromisedAt,
  ]);
  return createHmac('sha256', key).update(text).digest();
}

function isOfThisVersion({ kid, privateKey }: KeyRow, config: KeyConfig): boolean {
  return privateKey !== null && rootSecrets(config).some((root) => wasWrappedHere(privateKey, kid, root));
}

function opensAsBefore(row: KeyRow, config: KeyConfig): boolean {
  if (isOfThisVersion(row, config) || row.publicKey === null) return false;
  try {
    const key = opened(row, config)?.key;
    const publicKey = key && createPublicKey(key);
    if (!publicKey?.equals(createPublicKey(row.publicKey))) return false;
    return fits(publicKey, row.algorithm) && publicSigningKey(publicKey, row.algorithm).kid === row.kid;
  } catch {
    return false;
  }
}

function isOfSettings(row: KeyRow, config: KeyConfig): boolean {
  const key = row.source === 'secret' ? secretKeyOf(row, config) : pinnedKeyOf(row, config);
  return key?.kid === row.kid;
}

const CURVES: Partial<Record<Algorithm, string>> = {
  ES256: 'prime256v1',
  ES384: 'secp384r1',
  ES512: 'secp521r1',
};

function fits({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject, algorithm: Algorithm): boolean {
  const curve = CURVES[algorithm];
  return curve === undefined
    ? asymmetricKeyType === 'rsa' && /^[RP]S/.test(algorithm)
    : asymmetricKeyDetails?.namedCurve === curve;
}
