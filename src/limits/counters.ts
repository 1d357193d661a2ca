import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Redis } from 'ioredis';
import type { Pool } from 'pg';
import {
  RateLimiterMemory,
  RateLimiterPostgres,
  RateLimiterRedis,
  RateLimiterRes,
} from 'rate-limiter-flexible';
import type { RateLimiterAbstract } from 'rate-limiter-flexible';
import { DataSource } from 'typeorm';
import { LIMITS_CONFIG, type LimitsConfig } from '../platform/config/config.js';
import { LOG, type Log } from '../platform/kernel/log.js';
import { CountersRepository, type Settlement } from './counters.repository.js';

/** A login waits for Redis at most this long, in milliseconds; after that PostgreSQL counts. */
const REDIS_TIMEOUT_MS = 500;
/** Deletes the first ARGV[1] keys, and gives a point back to the others. */
const SETTLE = `for place, key in ipairs(KEYS) do
  if place <= tonumber(ARGV[1]) then redis.call('DEL', key)
  elseif tonumber(redis.call('GET', key) or '0') > 0 then redis.call('DECR', key) end
end`;

/** A number of points in a number of seconds, which begin with the first point. */
export interface Budget {
  readonly points: number;
  /** 0 for no end. */
  readonly seconds: number;
}

/** The state of a counter after a point was taken. */
export interface Taken {
  readonly allowed: boolean;
  /** Whether the key is {@link Counter.block}ed. If not, other attempts hold the points and may give them back. */
  readonly blocked: boolean;
  /** Points taken since the budget began, this one included. */
  readonly taken: number;
  /** Seconds until the budget is whole again, rounded up; undefined for never. */
  readonly resetSeconds: number | undefined;
}

export interface Counter {
  readonly budget: Budget;
  /** Takes a point in one atomic step, so that requests at the same moment cannot overrun the budget. */
  take(key: string): Promise<Taken>;
  /** Refuses the key for a number of seconds; 0 for no end. */
  block(key: string, seconds: number): Promise<void>;
}

/**
 * Makes counters in PostgreSQL, or with `REDIS_URL` in Redis or Valkey. While Redis is unavailable PostgreSQL counts from
 * zero, so that limits hold.
 */
@Injectable()
export class Counters implements OnModuleDestroy {
  private readonly redis: Redis | undefined;

  constructor(
    private readonly dataSource: DataSource,
    private readonly rows: CountersRepository,
    @Inject(LIMITS_CONFIG) { redisUrl }: LimitsConfig,
    @Inject(LOG) private readonly log: Log,
  ) {
    this.redis = redisUrl === undefined ? undefined : this.connect(redisUrl);
  }

  /** A counter that every instance shares. @param name begins its keys */
  shared(name: string, budget: Budget): Counter {
    const options = { keyPrefix: name, points: budget.points, duration: budget.seconds };
    const pool = (this.dataSource.driver as unknown as { master: Pool }).master;
    const postgres = new RateLimiterPostgres({
      ...options,
      // Raw: the statements are rate-limiter-flexible's.
      // Without the name it comes with: a transaction pooler keeps no prepared statements.
      storeClient: { query: ({ text, values }: Query) => pool.query({ text, values }) },
      storeType: 'client',
      tableName: 'rate_limits',
      tableCreated: true,
      clearExpiredByTimeout: false,
    });
    if (!this.redis) return counterOf(budget, postgres);
    return counterOf(
      budget,
      new RateLimiterRedis({ ...options, storeClient: this.redis, insuranceLimiter: postgres }),
    );
  }

  /** A counter of this instance alone, for requests that are too frequent to ask a server each time. */
  local(name: string, budget: Budget): Counter {
    return counterOf(
      budget,
      new RateLimiterMemory({ keyPrefix: name, points: budget.points, duration: budget.seconds }),
    );
  }

  /** Deletes some shared counters, and gives a point back to others that still count one. */
  async settle(settlement: Settlement): Promise<void> {
    if (!settlement.forget?.length && !settlement.refund?.length) return;
    const settled =
      this.redis &&
      this.settleInRedis(this.redis, settlement).then(
        () => true,
        () => false,
      );
    if (!(await settled)) await this.rows.settle(this.dataSource.manager, settlement);
  }

  onModuleDestroy(): void {
    this.redis?.disconnect();
  }

  private async settleInRedis(redis: Redis, { forget = [], refund = [] }: Settlement): Promise<void> {
    await redis.eval(SETTLE, forget.length + refund.length, ...forget, ...refund, forget.length);
  }

  private connect(url: string): Redis {
    const redis = new Redis(url, {
      keyPrefix: 'latchkey:',
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      connectTimeout: REDIS_TIMEOUT_MS,
      commandTimeout: REDIS_TIMEOUT_MS,
    });
    let away = false;
    redis.on('error', (error: Error) => {
      if (!away)
        this.log.warn({ err: error }, 'Redis cannot be reached; PostgreSQL counts attempts meanwhile');
      away = true;
    });
    redis.on('ready', () => {
      if (away) this.log.info('Redis counts attempts again');
      away = false;
    });
    return redis;
  }
}

/** More points than any budget: a count from here on means that the key was blocked. */
const BLOCKED = 1_000_000;

interface Query {
  readonly text: string;
  readonly values: unknown[];
}

function counterOf(budget: Budget, limiter: RateLimiterAbstract): Counter {
  return {
    budget,
    async take(key) {
      const { consumedPoints: taken, msBeforeNext } = await limiter.consume(key).catch((refusal: unknown) => {
        if (refusal instanceof RateLimiterRes) return refusal;
        throw refusal;
      });
      const resetSeconds = msBeforeNext < 0 ? undefined : Math.max(1, Math.ceil(msBeforeNext / 1000));
      return { allowed: taken <= budget.points, blocked: taken > BLOCKED, taken, resetSeconds };
    },
    async block(key, seconds) {
      await limiter.set(key, BLOCKED, seconds);
    },
  };
}
