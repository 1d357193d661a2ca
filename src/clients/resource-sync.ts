import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { EntityManager } from 'typeorm';
import { Audiences } from '../access/audiences.js';
import { LOG, type Log } from '../platform/kernel/log.js';
import { Periodic } from '../platform/pacing/periodic.js';
import { ResourcesRepository } from './resources.repository.js';

/** How often each instance reads the table, and thus how soon it knows a change. */
const RELOAD_INTERVAL_MS = 400;

/** Keeps the audiences of this instance equal to the table of resources, so that no request reads it. */
@Injectable()
export class ResourceSync implements OnModuleInit, OnModuleDestroy {
  private readonly periodic = new Periodic(() => this.refresh(), RELOAD_INTERVAL_MS);
  private reads = 0;
  private newest = 0;

  constructor(
    private readonly resources: ResourcesRepository,
    private readonly manager: EntityManager,
    private readonly audiences: Audiences,
    @Inject(LOG) private readonly log: Log,
  ) {}

  /** Loads the resources before the first request is served. @throws the database's error */
  async onModuleInit(): Promise<void> {
    await this.reload();
    this.periodic.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.periodic.stop();
  }

  /** Reads the table. After a failure the resources at hand stay, and the next round tries again. */
  async refresh(): Promise<void> {
    await this.reload().catch((error: unknown) => {
      this.log.warn({ err: error }, 'the resources could not be read; going on with those at hand');
    });
  }

  private async reload(): Promise<void> {
    const read = ++this.reads;
    const resources = await this.resources.list(this.manager);
    // A read that began before a newer one may have seen less.
    if (read < this.newest) return;
    this.newest = read;
    this.audiences.hold(resources);
  }
}
