import { Injectable } from '@nestjs/common';
import { EntityManager } from 'typeorm';
import { Housekeeping } from '../platform/pacing/housekeeping.js';
import { usernameSkeleton } from './username-skeleton.js';
import { UsersRepository } from './users.repository.js';

/**
 * Gives skeletons to users who have none: those of before the column, of an older version that runs beside, and of an
 * import. Of accounts whose names look alike the oldest gets it, and all keep their names.
 */
@Injectable()
export class UsernameSkeletons {
  constructor(
    private readonly users: UsersRepository,
    private readonly manager: EntityManager,
    housekeeping: Housekeeping,
  ) {
    housekeeping.register((limit) => this.fill(limit));
  }

  /** Fills at most `limit` rows and returns how many it found. */
  async fill(limit: number): Promise<number> {
    const bare = await this.users.findWithoutSkeleton(this.manager, limit);
    const skeletons = await Promise.all(bare.map(({ username }) => usernameSkeleton(username)));
    await this.users.setSkeletons(
      this.manager,
      bare.map((user, index) => ({ ...user, skeleton: skeletons[index] as string })),
    );
    return bare.length;
  }
}
