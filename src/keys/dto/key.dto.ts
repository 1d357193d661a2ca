import { z } from 'zod';
import { text } from '../../platform/kernel/validation.js';
import { keyState } from '../key-rotation.policy.js';
import type { KeyRow } from '../key-row.js';

export const KeyDto = z
  .object({
    kid: z.string(),
    algorithm: z.string().meta({ examples: ['ES256'] }),
    state: z.enum(['next', 'active', 'retiring', 'gone']),
    source: z.enum(['ring', 'secret', 'pinned']).meta({
      description: 'The service generates and rotates `ring` keys; the others come from the settings',
    }),
    created_at: z.iso.datetime(),
    active_from: z.iso.datetime(),
    active_until: z.iso.datetime().nullable(),
    verify_until: z.iso.datetime().nullable(),
    compromised_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Key' });
export type KeyDto = z.output<typeof KeyDto>;

export const RotateKeysDto = z
  .strictObject({
    compromised: text({ max: 100 }).optional().meta({ description: 'The `kid` of a key to drop at once' }),
  })
  .meta({ id: 'RotateKeys', examples: [{}] });
export type RotateKeysDto = z.output<typeof RotateKeysDto>;

/** @param now milliseconds since the Unix epoch, for the state */
export function toKeyDto(row: KeyRow, now: number): KeyDto {
  const time = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());
  return {
    kid: row.kid,
    algorithm: row.algorithm,
    state: keyState(row, now),
    source: row.source,
    created_at: new Date(row.createdAt).toISOString(),
    active_from: new Date(row.activeFrom).toISOString(),
    active_until: time(row.activeUntil),
    verify_until: time(row.verifyUntil),
    compromised_at: time(row.compromisedAt),
  };
}
