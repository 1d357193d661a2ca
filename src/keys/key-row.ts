import type { Algorithm } from '../platform/config/config.js';
import type { KeyTimes } from './key-rotation.policy.js';
import type { KeySource } from './signing-key.entity.js';

/** A row of `signing_keys`; times in milliseconds since the Unix epoch. */
export interface KeyRow extends KeyTimes {
  readonly kid: string;
  readonly algorithm: Algorithm;
  readonly source: KeySource;
  /** PEM; null for a secret. */
  readonly publicKey: string | null;
  /** Encrypted, see key-wrapping.ts; null unless `source` is `ring`. */
  readonly privateKey: Buffer | null;
  /** The id of the secret that encrypts the private key. */
  readonly wrappedBy: string | null;
  readonly createdAt: number;
}

/** A row as the table holds it. */
export interface StoredKeyRow extends KeyRow {
  /** The authentication code, see key-authentication.ts; null in rows of versions that had none. */
  readonly mac: Buffer | null;
}
