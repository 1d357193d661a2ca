import { Injectable } from '@nestjs/common';
import { EntityManager } from 'typeorm';
import type { LiveRevocation, RevocationKind } from '@latchkey/token-rules';
import type { Transaction } from '../platform/database/transaction.js';
import { Clock } from '../platform/kernel/clock.js';
import { newId } from '../platform/kernel/ids.js';
import { publish } from '../platform/metrics/events.js';
import { Housekeeping } from '../platform/pacing/housekeeping.js';
import { AccessLifetimes } from './access-lifetimes.js';
import { RevocationFeed } from './revocation.feed.js';
import { RevocationsRepository } from './revocations.repository.js';

/**
 * Beyond a token's lifetime and leeway: the clock of the instance that issued it may run ahead of ours, and a request
 * that was under way may issue one a little later.
 */
const CLOCK_MARGIN_MS = 60_000;

export interface Revoke {
  readonly kind: RevocationKind;
  /** Ids of the sessions, users or clients, `kid`s of keys, or `*` for all. */
  readonly subjects: readonly string[];
  readonly reason: string;
  /** The user or client who asked for it, or `command-line`; null for the service itself. */
  readonly actor: string | null;
  /** For users: tokens with a lower `ver` are hit, see {@link LiveRevocation}. One for all subjects, or one each. */
  readonly minVersion?: number | ReadonlyMap<string, number>;
  /** Tokens issued since then live on; now, where it is absent. It must not lie ahead. */
  readonly issuedBefore?: Date | undefined;
  /** Stale instead of dead. */
  readonly soft?: boolean;
  /** For a removed client or a dropped key: all its tokens are dead, also those issued later. */
  readonly forGood?: boolean;
}

/** Why something ends, and who asked for it. */
export interface Cause {
  readonly reason: string;
  /** The user or client who asked for it, or `command-line`; null for the service itself. */
  readonly actor: string | null;
}

/** Writes revocations in the transaction of their cause, and publishes them after its commit. */
@Injectable()
export class RevocationsService {
  constructor(
    private readonly revocations: RevocationsRepository,
    private readonly feed: RevocationFeed,
    private readonly manager: EntityManager,
    private readonly clock: Clock,
    private readonly lifetimes: AccessLifetimes,
    housekeeping: Housekeeping,
  ) {
    housekeeping.register((limit) => this.deleteExpired(limit));
  }

  /**
   * Guarantees: committed means effective here at once and on every other instance within a second.
   * @returns the rows, in the order of the subjects
   */
  async revoke(transaction: Transaction, input: Revoke): Promise<LiveRevocation[]> {
    if (input.subjects.length === 0) return [];
    const now = this.clock.now();
    const made = input.subjects.map((subject) => ({
      id: newId(now),
      kind: input.kind,
      subject,
      cutoff: input.forGood ? null : (input.issuedBefore?.getTime() ?? now),
      minVersion: versionFor(subject, input.minVersion),
      soft: input.soft ?? false,
      reason: input.reason,
      actor: input.actor,
      createdAt: now,
    }));
    const lifetimes = { ownMs: this.lifetimes.ownMs, marginMs: CLOCK_MARGIN_MS };
    const expiresAt = await this.revocations.insert(transaction.manager, made, lifetimes);
    const rows = made.map((row): LiveRevocation => ({ ...row, cutoff: row.cutoff ?? expiresAt, expiresAt }));
    transaction.afterCommit(() => {
      this.feed.publish(rows);
      publish('revoked', { kind: input.kind, effect: input.soft ? 'stale' : 'dead', count: rows.length });
    });
    return rows;
  }

  /**
   * The lowest version that no live revocation hits, of each user that has one. For accounts that are created under the id
   * of a deleted one.
   */
  async minVersions(
    manager: EntityManager,
    userIds: readonly string[],
  ): Promise<ReadonlyMap<string, number>> {
    if (userIds.length === 0) return new Map();
    return this.revocations.minVersions(manager, userIds, new Date(this.clock.now()));
  }

  /** Makes the tokens of users stale whose `ver` is lower than the version given for the user. */
  async makeStale(
    transaction: Transaction,
    versions: ReadonlyMap<string, number>,
    cause: Cause,
  ): Promise<void> {
    const subjects = [...versions.keys()];
    await this.revoke(transaction, { kind: 'user', subjects, minVersion: versions, soft: true, ...cause });
  }

  /** Deletes at most `limit` rows whose tokens have all expired, and returns how many. */
  private deleteExpired(limit: number): Promise<number> {
    return this.revocations.deleteExpired(this.manager, new Date(this.clock.now()), limit);
  }
}

function versionFor(subject: string, versions: Revoke['minVersion']): number | null {
  return (typeof versions === 'object' ? versions.get(subject) : versions) ?? null;
}
