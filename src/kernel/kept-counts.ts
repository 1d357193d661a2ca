import { Injectable } from '@nestjs/common';
import { EntityManager } from 'typeorm';
import { Clock } from '../kernel/clock.js';
import { UsersRepository } from './users.repository.js';

/** From here on a count is kept; a smaller one takes some milliseconds, is made for every answer, and exact. */
const MANY = 100_000;
/** How long a kept count is answered as it is; after that, while another is made. */
const FRESH_MS = 60_000;
const STALE_MS = 600_000;
/** Prefixes whose counts are kept, those counted last. */
const KEPT_MAX = 100;

interface Kept {
  readonly count: number;
  readonly at: number;
}

/**
 * How many users there are, for `X-Total-Count`. PostgreSQL has to look at every row to tell, which is a second for ten
 * million; so large counts are answered again for a while, and may be up to ten minutes old (decision 0009).
 */
@Injectable()
export class UserCounts {
  private readonly kept = new Map<string, Kept>();
  private readonly renewing = new Set<string>();

  constructor(
    private readonly users: UsersRepository,
    private readonly manager: EntityManager,
    private readonly clock: Clock,
  ) {}

  async of(emailPrefix = ''): Promise<number> {
    const known = this.kept.get(emailPrefix);
    const age = known ? Math.abs(this.clock.now() - known.at) : Infinity;
    if (!known || age > STALE_MS) return this.count(emailPrefix);
    if (age > FRESH_MS) this.renew(emailPrefix);
    return known.count;
  }

  /** Nobody waits for it; where it fails, whoever asks next begins another. */
  private renew(emailPrefix: string): void {
    if (this.renewing.has(emailPrefix)) return;
    this.renewing.add(emailPrefix);
    void this.count(emailPrefix)
      .catch(() => undefined)
      .finally(() => this.renewing.delete(emailPrefix));
  }

  private async count(emailPrefix: string): Promise<number> {
    const at = this.clock.now();
    const count = await this.users.count(this.manager, emailPrefix);
    this.kept.delete(emailPrefix);
    if (count >= MANY) this.keep(emailPrefix, { count, at });
    return count;
  }

  private keep(emailPrefix: string, kept: Kept): void {
    this.kept.set(emailPrefix, kept);
    const [oldest] = this.kept.keys();
    if (this.kept.size > KEPT_MAX && oldest !== undefined) this.kept.delete(oldest);
  }
}
