import { Inject, Injectable } from '@nestjs/common';
import type { Client } from 'pg';
import { DataSource } from 'typeorm';
import {
  CONNECTION_TARGET,
  clientOptions,
  isPooled,
  type ConnectionTarget,
} from '../platform/database/connection.js';
import { PinnedClient } from '../platform/database/pinned-client.js';
import { startupSettings } from '../platform/database/session-settings.js';
import { LOG, type Log } from '../platform/kernel/log.js';

const CHANNEL = 'latchkey_revocations';
const RECONNECT_MS = 1000;

/**
 * Wakes instances by LISTEN and NOTIFY. Nothing depends on it: a lost notification, or a pooler that passes none, costs
 * the catch-up interval and no more.
 */
@Injectable()
export class RevocationListener {
  private client: Client | undefined;
  private reconnect: NodeJS.Timeout | undefined;
  private notifying = false;
  private notifyAgain = false;
  private stopped = false;

  constructor(
    private readonly dataSource: DataSource,
    @Inject(CONNECTION_TARGET) private readonly target: ConnectionTarget,
    @Inject(LOG) private readonly log: Log,
  ) {}

  /**
   * Calls `wake` at every notification, and after each (re)connection, since some may have been missed. Behind a pooler it
   * does not listen: LISTEN would stay with a server connection that the next client gets.
   */
  start(wake: () => void): void {
    if (isPooled(this.target)) {
      this.log.info(
        'the database is behind a pooler, which passes no notifications: what other instances revoke is read at an ' +
          'interval, so revocations arrive within half a second instead of at once',
      );
      return;
    }
    void this.connect(wake);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.reconnect);
    await this.client?.end().catch(() => undefined);
  }

  /**
   * Wakes the other instances soon. Calls during a NOTIFY are coalesced into one more: NOTIFY locks the whole database at
   * commit, so it must be rare and never part of a busy transaction.
   */
  notify(): void {
    if (this.notifying) {
      this.notifyAgain = true;
      return;
    }
    this.notifying = true;
    // Raw: NOTIFY, outside of any transaction.
    void this.dataSource
      .query(`NOTIFY ${CHANNEL}`)
      .catch(() => undefined)
      .finally(() => {
        this.notifying = false;
        if (this.notifyAgain && !this.stopped) {
          this.notifyAgain = false;
          this.notify();
        }
      });
  }

  private async connect(wake: () => void): Promise<void> {
    const client = new PinnedClient({
      ...clientOptions(this.target),
      startup: startupSettings(this.target),
      application_name: 'latchkey listen',
      keepAlive: true,
    });
    client.on('error', () => undefined);
    client.on('notification', wake);
    client.on('end', () => this.retry(wake));
    this.client = client;
    try {
      await client.connect();
      // Raw: LISTEN, on a connection of its own.
      await client.query(`LISTEN ${CHANNEL}`);
      wake();
    } catch {
      await client.end().catch(() => undefined);
      this.retry(wake);
    }
  }

  private retry(wake: () => void): void {
    if (this.stopped) return;
    clearTimeout(this.reconnect);
    this.reconnect = setTimeout(() => void this.connect(wake), RECONNECT_MS);
    this.reconnect.unref();
  }
}
