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

  /** @param make counts the rows that `of` names; the empty text where there is one thing to count */
  constructor(
    private readonly make: (of: string) => Promise<number>,
    private readonly clock: Clock,
  ) {}

  /** @throws the error of `make`, where no count is cached */
  async of(what = ''): Promise<number> {
    const known = this.entries.get(what);
    const age = known ? Math.abs(this.clock.now() - known.at) : Infinity;
    if (!known || age > STALE_MS) return this.count(what);
    if (age > FRESH_MS) this.renew(what);
    return known.count;
  }

  /** Counts in the background; after a failure the next call tries again. */
  private renew(what: string): void {
    if (this.renewing.has(what)) return;
    this.renewing.add(what);
    void this.count(what)
      .catch(() => undefined)
      .finally(() => this.renewing.delete(what));
  }

  private async count(what: string): Promise<number> {
    const at = this.clock.now();
    const count = await this.make(what);
    this.entries.delete(what);
    if (count >= MANY) this.keep(what, { count, at });
    return count;
  }

  private keep(what: string, entry: Entry): void {
    this.entries.set(what, entry);
    const [oldest] = this.entries.keys();
    if (this.entries.size > MAX_ENTRIES && oldest !== undefined) this.entries.delete(oldest);
  }
}
