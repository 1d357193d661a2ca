import type { Clock } from '../kernel/clock.js';

/** Counts from this size are cached; a smaller count takes some milliseconds, so each answer counts anew and is exact. */
const MANY = 100_000;
/** A cached count younger than this is returned as it is; an older one is returned and renewed in the background. */
const FRESH_MS = 60_000;
/** An older count is never returned. */
const STALE_MS = 600_000;
/** The oldest entry beyond this number is dropped. */
const MAX_ENTRIES = 100;

interface Entry {
  readonly count: number;
  readonly at: number;
}

/**
 * How many rows there are, for `X-Total-Count`. PostgreSQL reads every row to count, a second for ten million, so
 * large counts are cached and may be up to ten minutes old (decision 0009).
 */
export class CachedCounts {
  private readonly entries = new Map<string, Entry>();
  private readonly renewing = new Set<string>();

  /** @param countRows counts the rows of one key */
  constructor(
    private readonly countRows: (key: string) => Promise<number>,
    private readonly clock: Clock,
  ) {}

  /**
   * @param key which rows to count; a cache of a single count leaves it out
   * @throws the error of `countRows`, where no count is cached
   */
  async count(key = ''): Promise<number> {
    const known = this.entries.get(key);
    const age = known ? Math.abs(this.clock.now() - known.at) : Infinity;
    if (!known || age > STALE_MS) return this.recount(key);
    if (age > FRESH_MS) this.renew(key);
    return known.count;
  }

  /** Counts in the background; after a failure the next call tries again. */
  private renew(key: string): void {
    if (this.renewing.has(key)) return;
    this.renewing.add(key);
    void this.recount(key)
      .catch(() => undefined)
      .finally(() => this.renewing.delete(key));
  }

  private async recount(key: string): Promise<number> {
    const at = this.clock.now();
    const count = await this.countRows(key);
    this.entries.delete(key);
    if (count >= MANY) this.keep(key, { count, at });
    return count;
  }

  private keep(key: string, entry: Entry): void {
    this.entries.set(key, entry);
    const [oldest] = this.entries.keys();
    if (this.entries.size > MAX_ENTRIES && oldest !== undefined) this.entries.delete(oldest);
  }
}
