import { REVOCATION_KINDS, type LiveRevocation } from '@latchkey/token-rules';

/** A row of the feed. */
export interface FeedRow extends LiveRevocation {
  /** Its place in the feed. */
  readonly seq: number;
}

/**
 * A row as `GET /revocations` and its stream write it.
 * @throws Error where it is none, or of a kind unknown here: a verifier that left it out would let tokens live
 */
export function feedRow(value: unknown): FeedRow {
  const row = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  const kind = REVOCATION_KINDS.find((name) => name === row['kind']);
  const { seq, id, subject, min_version: minVersion, soft } = row;
  const times = [row['cutoff'], row['created_at'], row['expires_at']].map((time) => Date.parse(String(time)));
  const [cutoff = NaN, createdAt = NaN, expiresAt = NaN] = times;
  const isRow =
    kind !== undefined &&
    Number.isSafeInteger(seq) &&
    typeof id === 'string' &&
    typeof subject === 'string' &&
    (minVersion === null || Number.isSafeInteger(minVersion)) &&
    typeof soft === 'boolean' &&
    !times.some(Number.isNaN);
  if (!isRow) throw new Error('a row of the feed is not understood; is this package older than the service?');
  return {
    seq: seq as number,
    id,
    kind,
    subject,
    cutoff,
    minVersion: minVersion as number | null,
    soft,
    reason: String(row['reason']),
    actor: null,
    createdAt,
    expiresAt,
  };
}
