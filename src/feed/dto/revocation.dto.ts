import { z } from 'zod';
import { REVOCATION_KINDS } from '@latchkey/token-rules';
import { fieldCode } from '../../platform/kernel/validation.js';
import type { FeedRow } from '../../revocation/feed-rows.js';

export const RevocationDto = z
  .object({
    seq: z.int().meta({ description: 'The cursor of the row: a value for `after`', examples: [42] }),
    id: z.uuid(),
    kind: z.enum(REVOCATION_KINDS),
    subject: z.string().meta({
      description: 'The id of the session (`sid`), user (`sub`) or client (`client_id`), the `kid`, or `*`',
    }),
    cutoff: z.iso.datetime().meta({
      description:
        'Where `min_version` is null: tokens issued before this are dead. For a removed client or a dropped key it ' +
        'equals `expires_at`: all its tokens are dead, those signed later too',
    }),
    min_version: z.int().nullable().meta({ description: "The user's tokens with a lower `ver` are dead" }),
    soft: z
      .boolean()
      .meta({ description: 'The tokens are stale rather than dead: a refresh gives new ones' }),
    reason: z.string(),
    created_at: z.iso.datetime(),
    expires_at: z.iso.datetime().meta({ description: 'By this time every revoked token has expired' }),
  })
  .meta({ id: 'Revocation' });
export type RevocationDto = z.output<typeof RevocationDto>;

export function toRevocationDto(row: FeedRow): RevocationDto {
  return {
    seq: row.seq,
    id: row.id,
    kind: row.kind,
    subject: row.subject,
    cutoff: new Date(row.cutoff).toISOString(),
    min_version: row.minVersion,
    soft: row.soft,
    reason: row.reason,
    created_at: new Date(row.createdAt).toISOString(),
    expires_at: new Date(row.expiresAt).toISOString(),
  };
}

export const FeedQueryDto = z.object({
  after: z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number)
    .default(0)
    .meta({
      type: 'integer',
      minimum: 0,
      default: 0,
      description: 'The `seq` of the last row you have read',
    }),
  limit: z
    .string()
    .regex(/^-?\d{1,9}$/)
    .transform(Number)
    .refine((limit) => limit >= 1 && limit <= 100, fieldCode('out_of_range'))
    .default(100)
    .meta({ type: 'integer', minimum: 1, maximum: 100, default: 100 }),
});
export type FeedQueryDto = z.output<typeof FeedQueryDto>;

export const StreamQueryDto = FeedQueryDto.pick({ after: true });
export type StreamQueryDto = z.output<typeof StreamQueryDto>;
