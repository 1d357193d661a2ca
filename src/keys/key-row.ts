import type { Algorithm } from '../platform/config/config.js';
import type { KeyTimes } from './key-rotation.policy.js';
import type { KeySource } from './signing-key.entity.js';

/** A key as the table has it; times in milliseconds since the Unix epoch. */
export interface KeyRow extends KeyTimes {
  readonly kid: string;
  readonly algorithm: Algorithm;
  readonly source: KeySource;
  /** PEM; null for a secret. */
  readonly publicKey: string | null;
  readonly privateKey: Buffer | null;
  readonly wrappedBy: string | null;
  readonly createdAt: number;
}
