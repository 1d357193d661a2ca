import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { EntityManager } from 'typeorm';
import { TOKEN_CONFIG, type TokenConfig } from '../platform/config/config.js';
import { Clock } from '../platform/kernel/clock.js';
import { LOG, type Log } from '../platform/kernel/log.js';
import { Housekeeping } from '../platform/pacing/housekeeping.js';
import { Periodic } from '../platform/pacing/periodic.js';
import { AccessLifetimesRepository } from './access-lifetimes.repository.js';

/** How often a running instance records its lifetime, and for how long each record holds. */
const INTERVAL_MS = 60_000;
const RECORDED_AHEAD_MS = 600_000;

/**
 * How long access tokens may be accepted, for revocations and keys that must outlive the last of them. Each instance records
 * the lifetime of its settings in the database before it issues a token, and while it runs. So the lifetime of an instance
 * that was restarted with other settings, or has crashed, counts until its last token has expired.
 */
@Injectable()
export class AccessLifetimes implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly periodic = new Periodic(() => this.round(), INTERVAL_MS);

  constructor(
    private readonly rows: AccessLifetimesRepository,
    private readonly manager: EntityManager,
    private readonly clock: Clock,
    @Inject(TOKEN_CONFIG) private readonly config: TokenConfig,
    @Inject(LOG) private readonly log: Log,
    housekeeping: Housekeeping,
  ) {
    housekeeping.register(() => this.rows.deleteExpired(this.manager, new Date(this.clock.now())));
  }

  /** Records the lifetime before the first request is served. @throws the database's error */
  async onApplicationBootstrap(): Promise<void> {
    await this.record();
    this.periodic.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.periodic.stop();
  }

  /** How long a token of this instance is accepted after its issue, in milliseconds, leeway included. */
  get ownMs(): number {
    return (this.config.accessSeconds + this.config.leewaySeconds) * 1000;
  }

  /** The longest time for which a token that may be alive now is accepted after its issue, in milliseconds. */
  async longestMs(manager: EntityManager): Promise<number> {
    const seconds = await this.rows.longest(manager, new Date(this.clock.now()));
    return Math.max(this.ownMs, seconds * 1000);
  }

  private async record(): Promise<void> {
    const issuedUntil = new Date(this.clock.now() + RECORDED_AHEAD_MS);
    await this.rows.record(this.manager, this.ownMs / 1000, issuedUntil);
  }

  private async round(): Promise<void> {
    await this.record().catch((error: unknown) =>
      this.log.warn({ err: error }, 'the lifetime of access tokens could not be recorded, trying again'),
    );
  }
}
