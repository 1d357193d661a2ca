/** A session row with the present scopes of its user: all that a pair of tokens is made of. */
export interface SessionGrant {
  readonly id: string;
  readonly userId: string;
  readonly clientId: string;
  /** The identifier of the audience; null if a version without audiences opened the session. */
  readonly audience: string | null;
  readonly requestedScope: string | null;
  readonly generation: number;
  readonly refreshTokenId: string;
  readonly rotatedAt: Date;
  readonly idleExpiresAt: Date;
  /** Whether it outlives the browser. */
  readonly persistent: boolean;
  readonly permissionVersion: number;
  /** Whether the user must change the password; the session then opens that alone. */
  readonly passwordChangeRequired: boolean;
  /** Every scope of the user's roles. */
  readonly scopes: string[];
}

/** A new session, and the live sessions of its user that it is too many for, oldest last. */
export interface OpenedSession extends SessionGrant {
  readonly surplus: readonly string[];
}

export interface SessionRow extends SessionGrant {
  readonly parentGeneration: number | null;
  /** When the parent was consumed; meaningless without a parent. */
  readonly parentConsumedAt: Date;
  readonly expiresAt: Date;
  readonly revokedAt: Date | null;
  readonly revokedReason: string | null;
  readonly userStatus: 'active' | 'disabled';
}

/** A live session as its owner sees it. */
export interface SessionSummary {
  readonly id: string;
  readonly createdAt: Date;
  readonly lastUsedAt: Date;
  readonly expiresAt: Date;
  readonly ip: string | null;
  readonly userAgent: string | null;
}

export interface SessionsPage {
  readonly limit: number;
  readonly offset: number;
  /** The last id of the page before. */
  readonly after?: string | undefined;
}

/** A session to insert. */
export interface NewSession {
  readonly id: string;
  readonly userId: string;
  readonly clientId: string;
  readonly audience: string;
  readonly requestedScope: string | null;
  readonly refreshTokenId: string;
  readonly now: Date;
  readonly idleExpiresAt: Date;
  readonly expiresAt: Date;
  readonly ip: string | null;
  readonly userAgent: string | null;
  readonly persistent: boolean;
  /** The most live sessions of the user, with this one. */
  readonly maxLive: number;
}

/** A presented refresh token, and the id of its would-be successor. */
export interface Presented {
  readonly id: string;
  readonly generation: number;
  readonly refreshTokenId: string;
}

export interface Rotation {
  readonly now: Date;
  /** When the successors expire; each session's own end caps it. */
  readonly idleExpiresAt: Date;
  /** The same for sessions that do not outlive the browser. */
  readonly briefIdleExpiresAt: Date;
  /** A parent may have its unused successor replaced if that was issued before this time. */
  readonly replaceBefore: Date;
  /** No successor is replaced if the parent was consumed before this time. */
  readonly consumedSince: Date;
  /** Whether rows that another transaction has locked are waited for or skipped. */
  readonly locked: 'wait' | 'skip';
}
