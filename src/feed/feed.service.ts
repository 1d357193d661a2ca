import { Injectable } from '@nestjs/common';
import { EntityManager } from 'typeorm';
import { Clock } from '../platform/kernel/clock.js';
import { CachedCounts } from '../platform/pacing/cached-counts.js';
import { RevocationsRepository, type FeedRow } from '../revocation/revocations.repository.js';

/** Pages of the live revocations, for services that check tokens themselves. */
@Injectable()
export class FeedService {
  private readonly counts: CachedCounts;

  constructor(
    private readonly rows: RevocationsRepository,
    private readonly manager: EntityManager,
    private readonly clock: Clock,
  ) {
    this.counts = new CachedCounts(() => rows.countFeed(manager, new Date(clock.now())), clock);
  }

  /** A page of what other services follow, and how many rows there are in all. */
  async page(place: {
    readonly after: number;
    readonly limit: number;
  }): Promise<{ rows: FeedRow[]; total: number }> {
    const now = new Date(this.clock.now());
    const [rows, total] = await Promise.all([
      this.rows.feedPage(this.manager, { ...place, now }),
      this.counts.of(),
    ]);
    return { rows, total };
  }
}
