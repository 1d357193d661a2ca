import { idTime } from '../kernel/ids.js';
import type { RevocationKind } from './revocation.entity.js';

/** A revocation as each instance holds it in memory; times in milliseconds since the Unix epoch. */
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

/**
 * Every live revocation, found in constant time: a few map look-ups however many there are. Holds for each subject
 * the strictest row, hard ones (dead) and soft ones (stale) apart.
 */
export class RevocationSet {
  private readonly hard = new Map<string, LiveRevocation>();
  private readonly soft = new Map<string, LiveRevocation>();

  get size(): number {
    return this.hard.size + this.soft.size;
  }

  /** Adds a row; adding one twice, or in any order, leads to the same set. */
  add(revocation: LiveRevocation): void {
    const rows = revocation.soft ? this.soft : this.hard;
    const key = keyOf(revocation.kind, revocation.subject, revocation.minVersion !== null);
    const known = rows.get(key);
    rows.set(key, known ? strictest(known, revocation) : revocation);
  }

  /** Forgets every row whose tokens have all expired. */
  removeExpired(now: number): void {
    for (const rows of [this.hard, this.soft]) {
      for (const [key, { expiresAt }] of rows) if (expiresAt <= now) rows.delete(key);
    }
  }

  clear(): void {
    this.hard.clear();
    this.soft.clear();
  }

  /** The row that kills a token, or makes it stale; undefined where it lives. */
  find(token: RevocableToken, kid: string): LiveRevocation | undefined {
    if (this.hard.size > 0) {
      const dead =
        this.hard.get(keyOf('session', token.sid)) ??
        hit(this.hard.get(keyOf('user', token.sub, true)), token) ??
        hit(this.hard.get(keyOf('user', token.sub)), token) ??
        hit(this.hard.get(keyOf('client', token.client_id)), token) ??
        hit(this.hard.get(keyOf('key', kid)), token) ??
        hit(this.hard.get(ALL), token);
      if (dead) return dead;
    }
    return this.soft.size > 0 ? hit(this.soft.get(keyOf('user', token.sub, true)), token) : undefined;
  }
}

const ALL = keyOf('all', '*');

/** Rows by version and rows by time are kept apart: neither may stand in for the other. */
function keyOf(kind: RevocationKind, subject: string, byVersion = false): string {
  return `${kind}${byVersion ? '#' : ':'}${subject}`;
}

function strictest(a: LiveRevocation, b: LiveRevocation): LiveRevocation {
  const [newer, older] = a.cutoff >= b.cutoff ? [a, b] : [b, a];
  return {
    ...newer,
    minVersion: Math.max(newer.minVersion ?? 0, older.minVersion ?? 0) || null,
    expiresAt: Math.max(a.expiresAt, b.expiresAt),
  };
}

/**
 * Whether a row is about a token. The permission version decides where the row has one: unlike any time it does not
 * depend on the clocks of two instances. Otherwise the time of issue does, to the millisecond where the token's id
 * carries it, because `iat` cannot tell a token of before from one issued later in the same second.
 */
function hit(row: LiveRevocation | undefined, token: RevocableToken): LiveRevocation | undefined {
  if (row === undefined) return undefined;
  if (row.minVersion !== null) return token.ver < row.minVersion ? row : undefined;
  return issuedAt(token) < row.cutoff ? row : undefined;
}

function issuedAt({ jti, iat }: RevocableToken): number {
  const exact = idTime(jti);
  return exact !== undefined && Math.floor(exact / 1000) === iat ? exact : iat * 1000;
}
