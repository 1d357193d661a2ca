import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { LOG, type Log } from '../kernel/log.js';
import { Periodic } from './periodic.js';

const INTERVAL_MS = 60_000;
/** Rows that one statement deletes at most: short statements hold their locks only briefly. */
const BATCH = 1000;

/** Deletes at most `limit` expired rows and returns how many it deleted. */
export type DeleteExpired = (limit: number) => Promise<number>;

/**
 * Deletes expired rows once a minute. Each room registers its own deletions. Every instance runs all of them, and the
 * statements skip rows that another instance has locked.
 */
@Injectable()
export class Housekeeping implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly periodic = new Periodic(() => this.round(), INTERVAL_MS);
  private readonly tasks: DeleteExpired[] = [];

  constructor(@Inject(LOG) private readonly log: Log) {}

  /** Adds `task` to every later sweep, which repeats it until it deletes less than a full batch. */
  register(task: DeleteExpired): void {
    this.tasks.push(task);
  }

  onApplicationBootstrap(): void {
    this.periodic.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.periodic.stop();
  }

  /** Deletes every expired row of every room, batch by batch. @throws the database's error */
  async sweep(): Promise<void> {
    for (const task of this.tasks) {
      while (!this.periodic.stopped && (await task(BATCH)) === BATCH);
    }
  }

  private async round(): Promise<void> {
    await this.sweep().catch((error: unknown) => this.log.warn({ err: error }, 'housekeeping failed'));
  }
}
