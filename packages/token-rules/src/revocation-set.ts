import { idTime } from './uuid.js';

export const REVOCATION_KINDS = ['session', 'user', 'client', 'key', 'all'] as const;
export type RevocationKind = (typeof REVOCATION_KINDS)[number];

/** A revocation as the feed delivers it; times in milliseconds since the Unix epoch. */
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

/** The revocation that applies to a token; `revokedAt` in milliseconds since the Unix epoch. */
export interface RevocationHit {
  readonly kind: RevocationKind;
  readonly soft: boolean;
  readonly reason: string;
  readonly actor: string | null;
  readonly revokedAt: number;
}

/** The claims that decide whether a token is revoked. */
export interface RevocableToken {
  readonly sub: string;
  readonly sid: string;
  readonly client_id: string;
  readonly jti: string;
  /** Unix seconds. */
  readonly iat: number;
  readonly ver: number;
}

/** The part of a row that is kept. There may be a million rows, so only what `find` needs. */
interface Entry {
  readonly cutoff: number;
  readonly minVersion: number | null;
  /** Unix seconds, rounded up: small integers take no memory of their own. */
  readonly expiresAt: number;
  readonly reason: string;
  readonly actor: string | null;
}

/** Each subject's strictest row, roughly in order of expiry. */
type Entries = Map<string, Entry>;

/**
 * Every live revocation, found in constant time by a few map look-ups. Hard rows (token revoked), soft rows (token
 * stale), rows by version and rows by time have maps of their own, because one of them cannot replace another.
 */
export class RevocationSet {
  private readonly session: Entries = new Map();
  private readonly user: Entries = new Map();
  private readonly userVersion: Entries = new Map();
  private readonly staleVersion: Entries = new Map();
  private readonly client: Entries = new Map();
  private readonly permanentClient: Entries = new Map();
  private readonly key: Entries = new Map();
  private readonly permanentKey: Entries = new Map();
  private readonly all: Entries = new Map();
  private readonly reasons = new Map<string, string>();

  get size(): number {
    return this.maps().reduce((sum, entries) => sum + entries.size, 0);
  }

  /**
   * Adds a row. Rows may be added in any order and repeatedly.
   * @returns whether the subject is new, or the row revokes tokens issued later than its known rows do
   */
  add(row: LiveRevocation): boolean {
    const entries = this.mapOf(row);
    const known = entries.get(row.subject);
    const entry = this.entryOf(row);
    // A map keeps the place of an existing key; deleting it first moves the entry behind those that expire earlier.
    if (known) entries.delete(row.subject);
    entries.set(row.subject, known ? strictest(known, entry) : entry);
    return known === undefined || known.cutoff < entry.cutoff;
  }

  /**
   * Removes rows whose tokens have all expired, except dropped keys. Token lifetimes are alike, so rows expire roughly in
   * the order in which they were added: each map is read up to its first live row.
   * @param now milliseconds since the Unix epoch
   */
  removeExpired(now: number): void {
    for (const entries of this.maps()) {
      // A stolen key can sign new tokens at any time. There are only ever a few dropped keys.
      if (entries === this.permanentKey) continue;
      for (const [subject, { expiresAt }] of entries) {
        if (expiresAt * 1000 > now) break;
        entries.delete(subject);
      }
    }
  }

  clear(): void {
    for (const entries of this.maps()) entries.clear();
  }

  /** The revocation that applies to a token, hard ones first; undefined where none does. */
  find(token: RevocableToken, kid: string): RevocationHit | undefined {
    return (
      hit('session', this.session.get(token.sid)) ??
      hit('user', olderVersion(this.userVersion.get(token.sub), token)) ??
      hit('user', issuedBefore(this.user.get(token.sub), token)) ??
      hit('client', this.permanentClient.get(token.client_id)) ??
      hit('client', issuedBefore(this.client.get(token.client_id), token)) ??
      hit('key', this.permanentKey.get(kid)) ??
      hit('key', issuedBefore(this.key.get(kid), token)) ??
      hit('all', issuedBefore(this.all.get('*'), token)) ??
      hit('user', olderVersion(this.staleVersion.get(token.sub), token), true)
    );
  }

  private maps(): Entries[] {
    const users = [this.user, this.userVersion, this.staleVersion];
    const permanent = [this.permanentClient, this.permanentKey];
    return [this.session, ...users, this.client, this.key, ...permanent, this.all];
  }

  private mapOf(row: LiveRevocation): Entries {
    const { kind, minVersion, soft } = row;
    if (kind === 'client' && isPermanent(row)) return this.permanentClient;
    if (kind === 'key' && isPermanent(row)) return this.permanentKey;
    if (kind !== 'user' || minVersion === null) return this[kind];
    return soft ? this.staleVersion : this.userVersion;
  }

  private entryOf(row: LiveRevocation): Entry {
    const { minVersion, expiresAt, reason, actor } = row;
    const cutoff = isPermanent(row) ? row.createdAt : row.cutoff;
    // All rows share a handful of reasons; each string is stored once.
    const shared = this.reasons.get(reason) ?? reason;
    if (this.reasons.size < 1000) this.reasons.set(shared, shared);
    return { cutoff, minVersion, expiresAt: Math.ceil(expiresAt / 1000), reason: shared, actor };
  }
}

/** Whether a row revokes every token of its subject, whenever issued: its cutoff is not before its expiry. */
export function isPermanent({ cutoff, expiresAt }: LiveRevocation): boolean {
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

function hit(kind: RevocationKind, entry: Entry | undefined, soft = false): RevocationHit | undefined {
  return entry && { kind, soft, reason: entry.reason, actor: entry.actor, revokedAt: entry.cutoff };
}

/** Compares permission versions, which unlike times do not depend on the clocks of two instances. */
function olderVersion(entry: Entry | undefined, { ver }: RevocableToken): Entry | undefined {
  return entry && ver < (entry.minVersion ?? 0) ? entry : undefined;
}

/**
 * Compares the time of issue, in milliseconds where the token's id is a UUIDv7. `iat` counts seconds and cannot order a
 * token and a revocation of the same second.
 */
function issuedBefore(entry: Entry | undefined, { jti, iat }: RevocableToken): Entry | undefined {
  if (!entry) return undefined;
  const exact = idTime(jti);
  const issued = exact !== undefined && Math.floor(exact / 1000) === iat ? exact : iat * 1000;
  return issued < entry.cutoff ? entry : undefined;
}
