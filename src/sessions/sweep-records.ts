/** Selects live sessions: those that meet every condition that is not null. */
export interface SweepFilter {
  /** Opened before this. */
  readonly openedBefore: Date;
  readonly userId: string | null;
  readonly clientId: string | null;
  /** Opened from one of these addresses, as they are stored. */
  readonly addresses: readonly string[] | null;
  /** The live refresh token was issued in this range; the end is exclusive, null for none. */
  readonly rotated: { readonly from: Date; readonly to: Date | null } | null;
  /** Sessions that ended before this are not live. */
  readonly now: Date;
}

export interface SweepSummary {
  readonly sessions: number;
  readonly users: number;
  /** How many of those sessions were used since a time. */
  readonly usedLately: number;
  readonly openedFirst: Date | null;
  readonly openedLast: Date | null;
}

export interface SweepExample {
  readonly id: string;
  readonly userId: string;
  readonly clientId: string;
  readonly createdAt: Date;
  readonly ip: string | null;
}

/** A session of a page of the table. */
export interface PagedSession {
  readonly id: string;
  readonly ip: string | null;
}

export interface EndedSession {
  readonly id: string;
  readonly lastUsedAt: Date;
}
