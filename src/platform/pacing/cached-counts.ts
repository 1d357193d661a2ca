import type { Clock } from '../kernel/clock.js';

/** From here on a count is kept; a smaller one takes some milliseconds, is made for every answer, and exact. */
const MANY = 100_000;
/** How long a kept count is answered as it is; after that, while another is made. */
const FRESH_MS = 60_000;
const STALE_MS = 600_000;
/** Counts that are kept, those made last. */
const KEPT_MAX = 100;

interface Kept {
  readonly count: number;
  readonly at: number;
}

/**
 * How many rows there are, for `X-Total-Count`. PostgreSQL has to look at every one to tell, which is a second for ten
 * million; so large counts are answered again for a while, and may be up to ten minutes old (decision 0009).
 */
export class CachedCounts {
  private readonly kept = new Map<string, Kept>();
  private readonly renewing = new Set<string>();

  /** @param make counts; `of` says what, an empty text where there is one thing to count */
  constructor(
    private readonly make: (of: string) => Promise<number>,
    private readonly clock: Clock,
  ) {}

  /** @throws what counting does, where no count is kept */
  async of(what = ''): Promise<number> {
    const known = this.kept.get(what);
    const age = known ? Math.abs(this.clock.now() - known.at) : Infinity;
    if (!known || age > STALE_MS) return this.count(what);
    if (age > FRESH_MS) this.renew(what);
    return known.count;
  }

  /** Nobody waits for it; where it fails, whoever asks next begins another. */
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
    this.kept.delete(what);
    if (count >= MANY) this.keep(what, { count, at });
    return count;
  }

  private keep(what: string, kept: Kept): void {
    this.kept.set(what, kept);
    const [oldest] = this.kept.keys();
    if (this.kept.size > KEPT_MAX && oldest !== undefined) this.kept.delete(oldest);
  }
}
