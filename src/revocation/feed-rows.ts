import type { LiveRevocation } from '@latchkey/token-rules';

/** A point in the history of the table up to which everything has been read. */
export type Horizon = string;

/** A row as other services read it in the feed. */
export interface FeedRow extends LiveRevocation {
  readonly seq: number;
}

/** A row with its place in the order of the feed. */
export interface PlacedRow extends FeedRow {
  readonly transactionId: string;
}

/** A row as an instance reads it. */
export interface NewRow extends FeedRow {
  /** No row can turn up before it any more in the order of the feed, see {@link RevocationsRepository.feedPage}. */
  readonly settled: boolean;
}
