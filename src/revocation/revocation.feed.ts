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

/** How long an instance may stay behind where no notification reaches it, in milliseconds. */
export const CATCH_UP_INTERVAL_MS = 400;
/** Rows a statement while the whole table is read. */
const PAGE = 1000;
/** An instance that could not catch up for this long is not ready. */
const NOT_READY_AFTER_MS = 10_000;

/** The result of one read of the table. */
export interface CaughtUp {
  /** In the order of the feed. A row may come twice, until it is settled. */
  readonly rows: readonly NewRow[];
  /** Every row committed before this is known, in milliseconds since the Unix epoch. */
  readonly at: number;
  /** The whole table was read: `rows` are its last rows, not those since the last read. */
  readonly anew: boolean;
}

/**
 * The live revocations in this instance's memory, so that verifying a token does not read the database. Loaded at the
 * start, woken by NOTIFY, and caught up at a fixed interval besides, because notifications are lossy and do not pass a
 * transaction pooler.
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

  /** Calls `follower` after each successful read from now on, with or without new rows. */
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

  /** Reads new rows. Calls that arrive during a read share a single further read. */
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
      // After a failure the staleness grows, which readiness and the guard watch. The next interval tries again.
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
      // The database was restored or failed over to a logical copy, and numbers transactions anew: read the whole table.
      this.horizon = undefined;
      return this.read();
    }
    // Rows from before this instance's start are not measured.
    this.take(rows, anew ? undefined : 'elsewhere');
    this.live.removeExpired(now);
    const news = { rows: loaded.last ? [loaded.last, ...rows] : rows, at: now, anew };
    this.horizon = horizon;
    this.caughtUpAt = now;
    for (const follower of this.followers) follower(news);
  }

  /**
   * Loads the whole table in pages: a million rows in one statement take longer than its time limit, and twice the memory.
   * Rows that are committed meanwhile lie behind the horizon, which was read first.
   * @returns the last settled row
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

  /** @param from where the rows were written; undefined where their delay is not measured */
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
