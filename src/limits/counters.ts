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

/** Redis answers at once or is taken for away: a log-in waits for it. Milliseconds. */
const REDIS_TIMEOUT_MS = 500;
/** The first so many keys are forgotten, the others get a point back. */
const SETTLE = `for place, key in ipairs(KEYS) do
  if place <= tonumber(ARGV[1]) then redis.call('DEL', key)
  elseif tonumber(redis.call('GET', key) or '0') > 0 then redis.call('DECR', key) end
end`;

/** So many points in so many seconds; the seconds begin with the first. */
export interface Budget {
  readonly points: number;
  /** 0: for ever. */
  readonly seconds: number;
}

/** What is left after a point was taken. */
export interface Taken {
  readonly allowed: boolean;
  /** Whether the key was {@link Counter.block}ed; otherwise others have taken what there was, and may give it back. */
  readonly blocked: boolean;
  /** How many were taken since the budget began, this one included. */
  readonly taken: number;
  /** Seconds until the budget is whole again, rounded up; undefined where that is never. */
  readonly resetSeconds: number | undefined;
}

export interface Counter {
  readonly budget: Budget;
  /** Takes a point in one atomic step, so that requests at the same moment cannot overrun the budget. */
  take(key: string): Promise<Taken>;
  /** Refuses the key from now on for so many seconds; for ever where 0. */
  block(key: string, seconds: number): Promise<void>;
}

/**
 * Makes the counters: in PostgreSQL, or with `REDIS_URL` in Redis or Valkey. While that is away PostgreSQL counts, from
 * nothing, so that limits hold all the same.
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

  /** A counter of this instance alone, for what happens too often to ask a server each time. */
  local(name: string, budget: Budget): Counter {
    return counterOf(
      budget,
      new RateLimiterMemory({ keyPrefix: name, points: budget.points, duration: budget.seconds }),
    );
  }

  /** Forgets what shared counters know under some keys, and gives a point back to others where one is counted still. */
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

/** More than anybody takes: what is counted up from here was blocked. */
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
