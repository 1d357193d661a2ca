import { idTime } from './uuid.js';

export const REVOCATION_KINDS = ['session', 'user', 'client', 'key', 'all'] as const;
export type RevocationKind = (typeof REVOCATION_KINDS)[number];

/** A revocation as it is written and read; times in milliseconds since the Unix epoch. */
export interface LiveRevocation {
  readonly id: string;
  readonly kind: RevocationKind;
  readonly subject: string;
  readonly cutoff: number;
  readonly minVersion: number | null;
  readonly soft: boolean;
  readonly reason: string;
  readonly actor: string | null;
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** What is told of a revocation that hit a token; `revokedAt` in milliseconds since the Unix epoch. */
export interface RevocationHit {
  readonly kind: RevocationKind;
  readonly soft: boolean;
  readonly reason: string;
  readonly actor: string | null;
  readonly revokedAt: number;
}

/** What of a verified token decides whether it is revoked. */
export interface RevocableToken {
  readonly sub: string;
  readonly sid: string;
  readonly client_id: string;
  readonly jti: string;
  /** Unix seconds. */
  readonly iat: number;
  readonly ver: number;
}

/** What is kept of a row: there may be a million of them, so no more than a look-up and its explanation need. */
interface Entry {
  readonly cutoff: number;
  readonly minVersion: number | null;
  /** Unix seconds, rounded up: small integers take no memory of their own. */
  readonly expiresAt: number;
  readonly reason: string;
  readonly actor: string | null;
}

/** Subjects with their strictest row, in the order in which they expire. */
type Entries = Map<string, Entry>;

/**
 * Every live revocation, found in constant time: a few map look-ups however many there are. Rows that are hard (dead)
 * and soft (stale), by version and by time, are kept apart: none may stand in for another.
 */
export class RevocationSet {
  private readonly session: Entries = new Map();
  private readonly user: Entries = new Map();
  private readonly userVersion: Entries = new Map();
  private readonly staleVersion: Entries = new Map();
  private readonly client: Entries = new Map();
  private readonly goneClient: Entries = new Map();
  private readonly key: Entries = new Map();
  private readonly goneKey: Entries = new Map();
  private readonly all: Entries = new Map();
  private readonly reasons = new Map<string, string>();

  get size(): number {
    return this.maps().reduce((sum, entries) => sum + entries.size, 0);
  }

  /**
   * Adds a row; adding one twice, or in any order, leads to the same set.
   * @returns whether it is about a subject or a time that no row was about
   */
  add(row: LiveRevocation): boolean {
    const entries = this.mapOf(row);
    const known = entries.get(row.subject);
    const entry = this.entryOf(row);
    // Taken out first, so that it stands behind what expires earlier.
    if (known) entries.delete(row.subject);
    entries.set(row.subject, known ? strictest(known, entry) : entry);
    return known === undefined || known.cutoff < entry.cutoff;
  }

  /**
   * Forgets rows whose tokens have all expired, and never a key that is gone for good. Lifetimes are alike, so that
   * rows expire in about the order in which they came: it stops at the first one that has not, and costs what it
   * removes.
   */
  removeExpired(now: number): void {
    for (const entries of this.maps()) {
      // A key outlives what it has signed: whoever has it signs anew. There are never more than a few of these.
      if (entries === this.goneKey) continue;
      for (const [subject, { expiresAt }] of entries) {
        if (expiresAt * 1000 > now) break;
        entries.delete(subject);
      }
    }
  }

  clear(): void {
    for (const entries of this.maps()) entries.clear();
  }

  /** The row that kills a token, or makes it stale; undefined where it lives. */
  find(token: RevocableToken, kid: string): RevocationHit | undefined {
    return (
      told('session', this.session.get(token.sid)) ??
      told('user', olderVersion(this.userVersion.get(token.sub), token)) ??
      told('user', issuedBefore(this.user.get(token.sub), token)) ??
      told('client', this.goneClient.get(token.client_id)) ??
      told('client', issuedBefore(this.client.get(token.client_id), token)) ??
      told('key', this.goneKey.get(kid)) ??
      told('key', issuedBefore(this.key.get(kid), token)) ??
      told('all', issuedBefore(this.all.get('*'), token)) ??
      told('user', olderVersion(this.staleVersion.get(token.sub), token), true)
    );
  }

  private maps(): Entries[] {
    const users = [this.user, this.userVersion, this.staleVersion];
    const gone = [this.goneClient, this.goneKey];
    return [this.session, ...users, this.client, this.key, ...gone, this.all];
  }

  private mapOf(row: LiveRevocation): Entries {
    const { kind, minVersion, soft } = row;
    if (kind === 'client' && isForGood(row)) return this.goneClient;
    if (kind === 'key' && isForGood(row)) return this.goneKey;
    if (kind !== 'user' || minVersion === null) return this[kind];
    return soft ? this.staleVersion : this.userVersion;
  }

  private entryOf(row: LiveRevocation): Entry {
    const { minVersion, expiresAt, reason, actor } = row;
    const cutoff = isForGood(row) ? row.createdAt : row.cutoff;
    // A handful of reasons for all rows: each is kept once.
    const shared = this.reasons.get(reason) ?? reason;
    if (this.reasons.size < 1000) this.reasons.set(shared, shared);
    return { cutoff, minVersion, expiresAt: Math.ceil(expiresAt / 1000), reason: shared, actor };
  }
}

/** A cutoff at the end says that the subject is gone: no time of issue saves its tokens. */
export function isForGood({ cutoff, expiresAt }: LiveRevocation): boolean {
  return cutoff >= expiresAt;
}

function strictest(a: Entry, b: Entry): Entry {
  const [newer, older] = a.cutoff >= b.cutoff ? [a, b] : [b, a];
  return {
    ...newer,
    minVersion: newer.minVersion === null ? null : Math.max(newer.minVersion, older.minVersion ?? 0),
    expiresAt: Math.max(a.expiresAt, b.expiresAt),
  };
}

function told(kind: RevocationKind, entry: Entry | undefined, soft = false): RevocationHit | undefined {
  return entry && { kind, soft, reason: entry.reason, actor: entry.actor, revokedAt: entry.cutoff };
}

/** The permission version does not depend on the clocks of two instances, as every time does. */
function olderVersion(entry: Entry | undefined, { ver }: RevocableToken): Entry | undefined {
  return entry && ver < (entry.minVersion ?? 0) ? entry : undefined;
}

/**
 * By the time of issue, to the millisecond where the token's id carries it: `iat` cannot tell a token of before from
 * one issued later in the same second.
 */
function issuedBefore(entry: Entry | undefined, { jti, iat }: RevocableToken): Entry | undefined {
  if (!entry) return undefined;
  const exact = idTime(jti);
  const issued = exact !== undefined && Math.floor(exact / 1000) === iat ? exact : iat * 1000;
  return issued < entry.cutoff ? entry : undefined;
}
