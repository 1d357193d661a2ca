import { createPublicKey } from 'node:crypto';
import { secretKid } from '@latchkey/token-rules';
import type { KeyConfig } from '../platform/config/config.js';
import { AppError } from '../platform/kernel/app-error.js';
import { keyOfRow } from './key-material.js';
import type { KeyRow } from './key-row.js';
import { privateSigningKey } from './signing-key.js';

/**
 * Whether a key of the table is one of the ring, of the algorithm of the settings, and signs.
 * @throws AppError `unavailable` where the settings cannot decrypt it
 */
export function isUsableRingKey(row: KeyRow | undefined, config: KeyConfig): boolean {
  if (row?.source !== 'ring' || row.algorithm !== config.algorithm) return false;
  if (keyOfRow(row, config)?.signWith) return true;
  throw new AppError('unavailable', {
    diagnosis: {
      cause: 'the signing key is encrypted under another SECRET_KEY: add that to SECRET_KEY_PREVIOUS',
    },
  });
}

/**
 * Whether the key that signs now can go on until its successor is known everywhere. A new secret takes over at once:
 * that is what setting it means, and who does not have it could not verify it later either.
 */
export function canHandOver(
  active: KeyRow | undefined,
  wanted: KeyRow | undefined,
  config: KeyConfig,
): boolean {
  if (!active || !keyOfRow(active, config)?.signWith) return false;
  return !(wanted?.source === 'secret' && active.source === 'secret');
}

/** The key the settings pin or spell out; undefined where the ring makes its own. */
export function keyOfSettings(config: KeyConfig): KeyRow | undefined {
  const { algorithm, pinnedKey, secret } = config;
  const base = { algorithm, privateKey: null, wrappedBy: null, createdAt: 0, activeFrom: 0 };
  const times = { activeUntil: null, verifyUntil: null, compromisedAt: null };
  if (pinnedKey) {
    const { kid } = privateSigningKey(pinnedKey, algorithm);
    const publicKey = createPublicKey(pinnedKey).export({ format: 'pem', type: 'spki' }).toString();
    return { ...base, ...times, kid, source: 'pinned', publicKey };
  }
  if (!algorithm.startsWith('HS') || secret === undefined) return undefined;
  return { ...base, ...times, kid: secretKid(secret, algorithm), source: 'secret', publicKey: null };
}
