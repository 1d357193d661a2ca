import { Injectable } from '@nestjs/common';
import { EntityManager } from 'typeorm';
import { Clock } from '../platform/kernel/clock.js';
import { RevocationsRepository } from './revocations.repository.js';
import type { FeedRow } from './feed-rows.js';

/** The live revocations as rows of the feed, for those that follow them from outside. */
@Injectable()
export class RevocationPages {
  constructor(
    private readonly rows: RevocationsRepository,
    private readonly manager: EntityManager,
    private readonly clock: Clock,
  ) {}

  /** The settled rows after a place in the feed, see {@link RevocationsRepository.feedPage}. */
  async page(place: { readonly after: number; readonly limit: number }): Promise<FeedRow[]> {
    return this.rows.feedPage(this.manager, { ...place, now: new Date(this.clock.now()) });
  }

  /** How many settled rows there are. Takes time in proportion to their number. */
  async count(): Promise<number> {
    return this.rows.countFeed(this.manager, new Date(this.clock.now()));
  }

  /** A row that the caller's transaction has just written. @throws Error where there is none */
  async get(manager: EntityManager, id: string): Promise<FeedRow> {
    return this.rows.get(manager, id);
  }
}
