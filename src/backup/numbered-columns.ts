/**
 * The columns that a restored database numbers anew, in the order that the rows keep. A test asks for a decision about
 * every column that the server numbers.
 *
 * - `revocations`: `transaction_id` orders the feed. Numbers of another server would lie ahead of this one's, or between
 *   them. `seq` is the place that followers remember: with new numbers none of them takes a restored feed for one that it
 *   has read, and each reads it from the beginning.
 */
export const NUMBERED_ANEW: Readonly<
  Record<string, { readonly columns: readonly string[]; readonly order: string }>
> = {
  revocations: { columns: ['seq', 'transaction_id'], order: 'transaction_id, seq' },
};

/**
 * The columns of transaction ids that keep their numbers. Seals cover them, and the audit log begins a new era where a
 * server numbers transactions lower than the sealed ones.
 */
export const KEPT_TRANSACTIONS: Readonly<Record<string, readonly string[]>> = {
  audit_events: ['transaction_id'],
  audit_seals: ['from_transaction', 'to_transaction'],
};

/** How far the new numbers lie above the last one of the backup. More than could be given out after it. */
export const NUMBERS_SKIPPED = 1_000_000_000;
