import type { EntityManager } from 'typeorm';
import type { KeyConfig } from '../platform/config/config.js';
import { keyOfRow } from './key-material.js';
import { keyState } from './key-rotation.policy.js';
import type { KeyRow } from './key-row.js';
import { SigningKeyRow } from './signing-key.entity.js';
import { SigningKeysRepository } from './signing-keys.repository.js';

/** The entities that {@link unopenedKeys} needs in its data source. */
export const KEY_ENTITIES = [SigningKeyRow];

/**
 * The `kid` of every key of the ring that signs now or next and whose private half no secret of the settings decrypts.
 * For the command line, without the application.
 */
export async function unopenedKeys(
  manager: EntityManager,
  config: KeyConfig,
  now: number,
): Promise<string[]> {
  const rows = await new SigningKeysRepository().all(manager);
  return rows.filter((row) => isNeeded(row, now) && !opens(row, config)).map(({ kid }) => kid);
}

function isNeeded(row: KeyRow, now: number): boolean {
  return row.source === 'ring' && ['next', 'active'].includes(keyState(row, now));
}

function opens(row: KeyRow, config: KeyConfig): boolean {
  try {
    return keyOfRow(row, config)?.signWith !== undefined;
  } catch {
    return false;
  }
}
