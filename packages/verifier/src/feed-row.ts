import { REVOCATION_KINDS, type LiveRevocation } from '@latchkey/token-rules';

/** A revocation with its position in the feed. */
export interface FeedRow extends LiveRevocation {
  /** The position in the feed; later rows have larger numbers. */
  readonly seq: number;
}

/**
 * Reads a row of `GET /revocations` or of its stream.
 * @throws Error where the row is malformed or of an unknown kind: skipping it would accept revoked tokens
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
  if (!isRow) {
    throw new Error(
      'a row of the feed of revocations is not understood: @latchkey/verifier may be older than the service, update it',
    );
  }
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
