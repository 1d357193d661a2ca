import { createPublicKey } from 'node:crypto';
import { secretKid } from '@latchkey/token-rules';
import type { KeyConfig } from '../platform/config/config.js';
import { AppError } from '../platform/kernel/app-error.js';
import { rootSecrets } from '../platform/secrets/root-secret.js';
import { keyOfRow } from './key-material.js';
import { keyState } from './key-rotation.policy.js';
import type { KeyRow } from './key-row.js';
import { wrappingId } from './key-wrapping.js';
import { privateSigningKey } from './signing-key.js';

/**
 * Whether a row is a key that this service generated, of the algorithm in the settings, and can sign.
 * @throws AppError `unavailable` if no root secret of the settings decrypts the private key
 */
export function isUsableRingKey(row: KeyRow | undefined, config: KeyConfig): boolean {
  if (row?.source !== 'ring' || row.algorithm !== config.algorithm) return false;
  if (keyOfRow(row, config)?.signWith) return true;
  throw underAnotherRoot();
}

/**
 * Without this check a start with a wrong root secret would find no key and make another, unnoticed.
 * @param rejected the rows that are not authentic under the root secrets of the settings
 * @throws AppError `unavailable` if one is a key that signs under a root secret which the settings do not name
 */
export function assertNoneUnderAnotherRoot(
  rejected: readonly KeyRow[],
  config: KeyConfig,
  now: number,
): void {
  const ids = rootSecrets(config).map(wrappingId);
  const signs = (row: KeyRow): boolean =>
    ['active', 'next'].includes(keyState(row, now)) && row.compromisedAt === null;
  if (rejected.some((row) => row.wrappedBy !== null && !ids.includes(row.wrappedBy) && signs(row))) {
    throw underAnotherRoot();
  }
}

function underAnotherRoot(): AppError {
  return new AppError('unavailable', {
    diagnosis: {
      cause:
        'the signing key is encrypted under another root secret (ROOT_SECRET, or else SECRET_KEY): add that to ' +
        'ROOT_SECRET_PREVIOUS or SECRET_KEY_PREVIOUS',
    },
  });
}

/**
 * Whether the active key can go on signing until its successor is published everywhere. A new `SECRET_KEY` with HS*
 * signs at once: secrets are not published, so waiting would not help a verifier that lacks the new secret.
 */
export function canHandOver(
  active: KeyRow | undefined,
  wanted: KeyRow | undefined,
  config: KeyConfig,
): boolean {
  if (!active || !keyOfRow(active, config)?.signWith) return false;
  return !(wanted?.source === 'secret' && active.source === 'secret');
}

/** The key of `JWT_PRIVATE_KEY`, or of `SECRET_KEY` with HS*; undefined if this service generates its own keys. */
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
