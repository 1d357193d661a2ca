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

/** The prefix of every key in Redis. */
const REDIS_PREFIX = 'latchkey:';
/** A login waits for Redis, so a slower answer counts as an outage. Milliseconds. */
const REDIS_TIMEOUT_MS = 500;
/** Deletes the first ARGV[1] keys and gives a point back to the others. */
const SETTLE = `for place, key in ipairs(KEYS) do
  if place <= tonumber(ARGV[1]) then redis.call('DEL', key)
  elseif tonumber(redis.call('GET', key) or '0') > 0 then redis.call('DECR', key) end
end`;

/** The points that a key may take in a time, which begins with the first point. */
export interface Budget {
  readonly points: number;
  /** 0 for no end. */
  readonly seconds: number;
}

/** The state of a counter after a point was taken. */
export interface Taken {
  /** Whether the point was within the budget. */
  readonly allowed: boolean;
  /** Whether the key was {@link Counter.block}ed. If not, parallel attempts took the points and may give them back. */
  readonly blocked: boolean;
  /** Points taken since the budget began, with this one. */
  readonly taken: number;
  /** Seconds until the budget is full again, rounded up; undefined for never. */
  readonly resetSeconds: number | undefined;
}

export interface Counter {
  readonly budget: Budget;
  /** Takes a point in one atomic step, so that parallel requests cannot exceed the budget. */
  take(key: string): Promise<Taken>;
  /** Refuses the key for `seconds`; 0 for ever. */
  block(key: string, seconds: number): Promise<void>;
}

/**
 * Makes the counters: in PostgreSQL, or with `REDIS_URL` in Redis or Valkey. During an outage of Redis, PostgreSQL
 * counts from zero, so that limits still hold.
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

  /** A counter that all instances share. @param name the prefix of its keys */
  shared(name: string, budget: Budget): Counter {
    const options = { keyPrefix: name, points: budget.points, duration: budget.seconds };
    const pool = (this.dataSource.driver as unknown as { master: Pool }).master;
    const postgres = new RateLimiterPostgres({
      ...options,
      // Raw: the statements are rate-limiter-flexible's.
      // The statement's name is dropped, because a transaction pooler keeps no prepared statements.
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

  /** A counter in this instance's memory, for requests too frequent to ask a server about each. */
  local(name: string, budget: Budget): Counter {
    return counterOf(
      budget,
      new RateLimiterMemory({ keyPrefix: name, points: budget.points, duration: budget.seconds }),
    );
  }

  /** Deletes shared counters and gives points back to others, see {@link CountersRepository.settle}. */
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

  /** Deletes every shared counter whose key begins with one of these texts. Reads all keys: for rare calls. */
  async forgetEach(prefixes: readonly string[]): Promise<void> {
    await this.rows.deleteBeginning(this.dataSource.manager, prefixes);
    const redis = this.redis;
    if (redis) await forgetInRedis(redis, prefixes).catch(() => undefined);
  }

  onModuleDestroy(): void {
    this.redis?.disconnect();
  }

  private async settleInRedis(redis: Redis, { forget = [], refund = [] }: Settlement): Promise<void> {
    await redis.eval(SETTLE, forget.length + refund.length, ...forget, ...refund, forget.length);
  }

  private connect(url: string): Redis {
    const redis = new Redis(url, {
      keyPrefix: REDIS_PREFIX,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      connectTimeout: REDIS_TIMEOUT_MS,
      commandTimeout: REDIS_TIMEOUT_MS,
    });
    let isDown = false;
    redis.on('error', (error: Error) => {
      if (!isDown) {
        this.log.warn({ err: error }, 'Redis cannot be reached; PostgreSQL counts attempts meanwhile');
      }
      isDown = true;
    });
    redis.on('ready', () => {
      if (isDown) this.log.info('Redis counts attempts again');
      isDown = false;
    });
    return redis;
  }
}

/** The library adds the prefix to the keys of a command, and not to the pattern and the result of a scan. */
async function forgetInRedis(redis: Redis, prefixes: readonly string[]): Promise<void> {
  for (const prefix of prefixes) {
    const scan = redis.scanStream({ match: `${REDIS_PREFIX}${prefix}*`, count: 1000 });
    for await (const keys of scan as AsyncIterable<string[]>) {
      if (keys.length > 0) await redis.del(...keys.map((key) => key.slice(REDIS_PREFIX.length)));
    }
  }
}

/** A blocked key counts up from here; no budget is as large. */
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
