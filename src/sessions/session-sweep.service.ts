import { Inject, Injectable } from '@nestjs/common';
import { EntityManager } from 'typeorm';
import { TOKEN_CONFIG, type TokenConfig } from '../platform/config/config.js';
import { Transactions } from '../platform/database/transaction.js';
import { Clock } from '../platform/kernel/clock.js';
import { AccessLifetimes } from '../revocation/access-lifetimes.js';
import { RevocationsService, type Cause } from '../revocation/revocations.service.js';
import { SweptSessionsRepository } from './swept-sessions.repository.js';
import type { SweepExample, SweepFilter, SweepSummary } from './sweep-records.js';

/** The longest time between a request's statement and the token in its answer, in milliseconds. */
export const REQUEST_MS = 60_000;
/** Sessions a transaction. */
const PAGE = 1000;

export interface Sweep extends Cause {
  readonly filter: SweepFilter;
  /** In place of the filter's addresses. */
  readonly range?: { holds(address: string): boolean } | undefined;
  /** Whether a revocation of a user, client, key or all kills the tokens that these sessions had before `openedBefore`. */
  readonly covered: boolean;
}

export interface SweepCounts {
  readonly sessions: number;
  readonly revocations: number;
}

/** With the last id of the page; null after the end of the table. */
type EndedPage = SweepCounts & { readonly last: string | null };

/**
 * Ends sessions of many users, in pages of the table. Each page is a transaction of its own, so that other work waits for
 * no longer than a page takes, and a sweep that was interrupted goes on when it is run again.
 */
@Injectable()
export class SessionSweep {
  constructor(
    private readonly transactions: Transactions,
    private readonly swept: SweptSessionsRepository,
    private readonly manager: EntityManager,
    private readonly revocations: RevocationsService,
    private readonly lifetimes: AccessLifetimes,
    private readonly clock: Clock,
    @Inject(TOKEN_CONFIG) private readonly config: TokenConfig,
  ) {}

  /** How many sessions meet a filter, and of those how many were used since a time. Takes time in proportion to the table. */
  async summary(
    filter: SweepFilter,
    usedSince: Date,
    manager: EntityManager = this.manager,
  ): Promise<SweepSummary> {
    return this.swept.summary(manager, filter, usedSince);
  }

  /** The oldest few sessions that meet a filter. */
  async examples(filter: SweepFilter, limit: number): Promise<SweepExample[]> {
    return this.swept.examples(this.manager, filter, limit);
  }

  /** Every address that a live session was opened from. A proxy may have sent a text that is no address. */
  async addresses(now: Date): Promise<string[]> {
    return this.swept.addresses(this.manager, now);
  }

  /** @param progress is called with the number of sessions ended so far @throws the database's error after some pages */
  async run(sweep: Sweep, progress: (ended: number) => void = () => undefined): Promise<SweepCounts> {
    const counts = { sessions: 0, revocations: 0 };
    let after: string | null | undefined = null;
    while (after !== undefined) {
      progress(counts.sessions);
      const page: EndedPage = await this.endPage(sweep, after);
      counts.sessions += page.sessions;
      counts.revocations += page.revocations;
      after = page.last ?? undefined;
    }
    return counts;
  }

  /**
   * Sessions that were used since this time need a revocation of their own, because no other row reaches an access token
   * of theirs that may still be alive. A retry within the reuse window gets a new access token without using the session.
   */
  async usedSince(
    { openedBefore }: SweepFilter,
    covered: boolean,
    now: number,
    manager: EntityManager = this.manager,
  ): Promise<Date> {
    const reached = covered ? Math.min(openedBefore.getTime(), now) : 0;
    const since = Math.max(reached, now - (await this.lifetimes.longestMs(manager)));
    return new Date(since - this.config.reuseWindowSeconds * 1000 - REQUEST_MS);
  }

  /** The longest time for which an access token may be accepted after its issue, in milliseconds. */
  async longestTokenMs(): Promise<number> {
    return this.lifetimes.longestMs(this.manager);
  }

  private async endPage(
    { filter, range, covered, ...cause }: Sweep,
    after: string | null,
  ): Promise<EndedPage> {
    return this.transactions.run(async (transaction) => {
      const now = this.clock.now();
      const place = { after, size: PAGE, clientId: filter.clientId };
      const page = await this.swept.page(transaction.manager, place);
      const ids = page.filter(({ ip }) => !range || (ip !== null && range.holds(ip))).map(({ id }) => id);
      // The page was filtered by address above; tens of thousands of addresses in each statement would be slow.
      const current = { ...filter, addresses: null, now: new Date(now) };
      const ended = await this.swept.end(transaction.manager, current, { ids, reason: cause.reason });
      const since = await this.usedSince(filter, covered, now, transaction.manager);
      const subjects = ended.filter(({ lastUsedAt }) => lastUsedAt > since).map(({ id }) => id);
      await this.revocations.revoke(transaction, { kind: 'session', subjects, ...cause });
      return { last: page.at(-1)?.id ?? null, sessions: ended.length, revocations: subjects.length };
    });
  }
}
