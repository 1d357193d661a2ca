import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { EntityManager } from 'typeorm';
import { Clock } from '../kernel/clock.js';
import { LOG, type Log } from '../kernel/log.js';
import { Periodic } from '../kernel/periodic.js';
import { CountersRepository } from '../limits/counters.repository.js';
import { RevocationsRepository } from '../revocation/revocations.repository.js';
import { SessionsRepository } from '../sessions/sessions.repository.js';

const INTERVAL_MS = 60_000;
/** Rows a statement deletes at most: many short statements instead of a long one that others wait for. */
const BATCH = 1000;
/** How long an ended session stays in the table for those who look into it, in milliseconds. */
const KEEP_SESSIONS_MS = 86_400_000;

/** Deletes what no longer means anything. Every instance does it; rows another one works on are passed over. */
@Injectable()
export class Housekeeping implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly periodic = new Periodic(() => this.round(), INTERVAL_MS);

  constructor(
    private readonly manager: EntityManager,
    private readonly revocations: RevocationsRepository,
    private readonly sessions: SessionsRepository,
    private readonly counters: CountersRepository,
    private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
  ) {}

  onApplicationBootstrap(): void {
    this.periodic.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.periodic.stop();
  }

  /** Deletes every expired revocation, counter and session, batch by batch. */
  async sweep(): Promise<void> {
    const now = this.clock.now();
    await this.untilEmpty(() => this.revocations.deleteExpired(this.manager, new Date(now), BATCH));
    await this.untilEmpty(() => this.counters.deleteExpired(this.manager, new Date(now), BATCH));
    const before = new Date(now - KEEP_SESSIONS_MS);
    await this.untilEmpty(() => this.sessions.deleteExpired(this.manager, before, BATCH));
  }

  private async round(): Promise<void> {
    await this.sweep().catch((error: unknown) => this.log.warn({ err: error }, 'housekeeping failed'));
  }

  private async untilEmpty(batch: () => Promise<number>): Promise<void> {
    while (!this.periodic.stopped && (await batch()) === BATCH);
  }
}
