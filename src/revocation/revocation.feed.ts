import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { EntityManager } from 'typeorm';
import {
  RevocationSet,
  type LiveRevocation,
  type RevocableToken,
  type RevocationHit,
} from '@latchkey/token-rules';
import { REVOCATION_CONFIG, type RevocationConfig } from '../platform/config/config.js';
import { AppError } from '../platform/kernel/app-error.js';
import { Clock } from '../platform/kernel/clock.js';
import { publish } from '../platform/metrics/events.js';
import { RevocationListener } from './revocation.listener.js';
import { RevocationsRepository } from './revocations.repository.js';
import type { Horizon, NewRow, PlacedRow } from './feed-rows.js';

/** The longest an instance stays behind where no notification reaches it. */
export const CATCH_UP_INTERVAL_MS = 400;
/** Rows of a statement, where all are read. */
const PAGE = 1000;
/** An instance that could not catch up for this long is not ready. */
const NOT_READY_AFTER_MS = 10_000;

/** What an instance has learnt by one reading. */
export interface CaughtUp {
  /** In the order of the feed. A row may come twice, until it is settled. */
  readonly rows: readonly NewRow[];
  /** Every row committed before this is known, in milliseconds since the Unix epoch. */
  readonly at: number;
  /** Everything was read anew: these are the last of all rows, and not those since the last reading. */
  readonly anew: boolean;
}

/**
 * The live revocations in this instance's memory, so that verifying a token reads nothing from the database. Loaded
 * at the start, woken by NOTIFY, and caught up at a fixed interval in any case, because notifications are lossy and
 * do not pass a transaction pooler.
 */
@Injectable()
export class RevocationFeed implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly live = new RevocationSet();
  private horizon: Horizon | undefined;
  private caughtUpAt = 0;
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private again = false;
  private readonly followers: Array<(news: CaughtUp) => void> = [];
  private stopped = false;

  constructor(
    private readonly revocations: RevocationsRepository,
    private readonly listener: RevocationListener,
    private readonly manager: EntityManager,
    private readonly clock: Clock,
    @Inject(REVOCATION_CONFIG) private readonly config: RevocationConfig,
  ) {}

  /** Loads every live row before the first request is served. @throws the database's error */
  async onApplicationBootstrap(): Promise<void> {
    await this.read();
    this.listener.start(() => void this.catchUp());
    this.schedule();
  }

  async onModuleDestroy(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.listener.stop();
    await this.running;
  }

  /**
   * The revocation that hits a verified token, if any.
   * @throws AppError `unavailable` where this instance is staler than `REVOCATION_MAX_STALENESS_SECONDS`
   */
  find(token: RevocableToken, kid: string): RevocationHit | undefined {
    if (this.stale) {
      throw new AppError('unavailable', { diagnosis: { cause: 'the revocation feed is stale' } });
    }
    return this.live.find(token, kid);
  }

  /** Whether this instance has not caught up for so long that it cannot tell what is revoked. */
  get stale(): boolean {
    return this.stalenessMs() > this.config.maxStalenessSeconds * 1000;
  }

  /** Applies rows this instance has just committed and wakes the others. */
  publish(rows: readonly LiveRevocation[]): void {
    this.take(rows, 'here');
    this.listener.notify();
  }

  /** Calls `follower` after each reading from now on, with or without news; never where one has failed. */
  follow(follower: (news: CaughtUp) => void): void {
    this.followers.push(follower);
  }

  /** Milliseconds since this instance last knew every committed revocation. */
  stalenessMs(): number {
    return this.clock.now() - this.caughtUpAt;
  }

  isReady(): boolean {
    return this.stalenessMs() <= NOT_READY_AFTER_MS;
  }

  /** How many subjects are revoked now. */
  get size(): number {
    return this.live.size;
  }

  /** Reads what is new. Calls that arrive while one runs share a single further run: one read serves them all. */
  async catchUp(): Promise<void> {
    if (this.running) {
      this.again = true;
      return this.running;
    }
    this.running = this.readUntilQuiet();
    try {
      await this.running;
    } finally {
      this.running = undefined;
    }
  }

  private async readUntilQuiet(): Promise<void> {
    do {
      this.again = false;
      // A failure leaves the age growing, which readiness and the guard watch; the next interval tries again.
      await this.read().catch(() => undefined);
    } while (this.again && !this.stopped);
  }

  private async read(): Promise<void> {
    const now = this.clock.now();
    const anew = this.horizon === undefined;
    const loaded = this.horizon === undefined ? await this.load(now) : { horizon: this.horizon };
    const since = loaded.horizon;
    const { rows, horizon } = await this.revocations.readSince(this.manager, since, new Date(now));
    if (BigInt(horizon) < BigInt(since)) {
      // The history is another one: the database was restored or failed over to a logical copy. Start again.
      this.horizon = undefined;
      return this.read();
    }
    // What was there before this instance is no news.
    this.take(rows, anew ? undefined : 'elsewhere');
    this.live.removeExpired(now);
    const news = { rows: loaded.last ? [loaded.last, ...rows] : rows, at: now, anew };
    this.horizon = horizon;
    this.caughtUpAt = now;
    for (const follower of this.followers) follower(news);
  }

  /**
   * Takes in every row there is. In pages: a million rows at once take longer than a statement may, and their memory
   * twice. What is committed meanwhile, and missed, is behind the horizon, which was there first.
   * @returns the last row of those whose place is final
   */
  private async load(now: number): Promise<{ horizon: Horizon; last?: NewRow }> {
    const horizon = await this.revocations.horizon(this.manager);
    let last: NewRow | undefined;
    let page: PlacedRow[] = [];
    do {
      const next = { after: page.at(-1), limit: PAGE, now: new Date(now) };
      page = await this.revocations.readPage(this.manager, next);
      this.take(page, undefined);
      const settled = page.findLast(({ transactionId }) => BigInt(transactionId) < BigInt(horizon));
      if (settled) last = { ...settled, settled: true };
    } while (page.length === PAGE && !this.stopped);
    return { horizon, ...(last && { last }) };
  }

  /** @param from where rows that say something new were made; undefined where that is not to be measured */
  private take(rows: readonly LiveRevocation[], from: 'here' | 'elsewhere' | undefined): void {
    for (const row of rows) {
      const isNews = this.live.add(row);
      if (!isNews || from === undefined) continue;
      publish('revocationArrived', { from, seconds: Math.max(0, this.clock.now() - row.createdAt) / 1000 });
    }
  }

  private schedule(): void {
    this.timer = setTimeout(() => {
      void this.catchUp().finally(() => {
        if (!this.stopped) this.schedule();
      });
    }, CATCH_UP_INTERVAL_MS);
    this.timer.unref();
  }
}
