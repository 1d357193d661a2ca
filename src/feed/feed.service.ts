import { Injectable } from '@nestjs/common';
import { Clock } from '../platform/kernel/clock.js';
import { CachedCounts } from '../platform/pacing/cached-counts.js';
import { RevocationPages } from '../revocation/revocation-pages.service.js';
import type { FeedRow } from '../revocation/feed-rows.js';

/** Pages of the live revocations, for services that check tokens themselves. */
@Injectable()
export class FeedService {
  private readonly counts: CachedCounts;

  constructor(
    private readonly pages: RevocationPages,
    clock: Clock,
  ) {
    this.counts = new CachedCounts(() => pages.count(), clock);
  }

  /** A page of the feed, and the number of all rows. The number may be minutes old where there are many rows. */
  async page(place: {
    readonly after: number;
    readonly limit: number;
  }): Promise<{ rows: FeedRow[]; total: number }> {
    const [rows, total] = await Promise.all([this.pages.page(place), this.counts.count()]);
    return { rows, total };
  }
}
