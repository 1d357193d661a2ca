import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { KEY_CONFIG, type KeyConfig } from '../platform/config/config.js';
import { Transactions } from '../platform/database/transaction.js';
import { Clock } from '../platform/kernel/clock.js';
import { LOG, type Log } from '../platform/kernel/log.js';
import { Periodic } from '../platform/pacing/periodic.js';
import { isDue, keyState } from './key-rotation.policy.js';
import type { KeyRow } from './key-row.js';
import { SigningKeyChanges } from './signing-key-changes.js';

/** How often each instance reads the table, and thus how soon it knows a change. */
const RELOAD_INTERVAL_MS = 400;
/** How often a key is put in the place of one whose row was changed by another program. */
const REPAIR_INTERVAL_MS = 60_000;
const DAY_MS = 86_400_000;

/** Keeps the ring of this instance equal to the table, and gives the active key a successor when it is due. */
@Injectable()
export class KeyRotation implements OnModuleInit, OnModuleDestroy {
  private readonly periodic = new Periodic(() => this.tick(), RELOAD_INTERVAL_MS);
  private repairDue = 0;
  private signing: string | undefined;

  constructor(
    private readonly changes: SigningKeyChanges,
    private readonly transactions: Transactions,
    private readonly clock: Clock,
    @Inject(KEY_CONFIG) private readonly config: KeyConfig,
    @Inject(LOG) private readonly log: Log,
  ) {}

  /** Applies the settings to the table before the first token is signed. */
  async onModuleInit(): Promise<void> {
    await this.transactions.run((transaction) => this.changes.followSettings(transaction, true));
    this.reportChange(await this.changes.reload());
    this.periodic.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.periodic.stop();
  }

  /** Loads the keys of the table into the ring. */
  async reload(): Promise<void> {
    await this.changes.reload();
  }

  /** Logs when another key begins to sign. @returns the active key among the rows */
  private reportChange(rows: readonly KeyRow[]): KeyRow | undefined {
    const now = this.clock.now();
    const active = rows.find((row) => keyState(row, now) === 'active' && row.compromisedAt === null);
    if (active && this.signing !== undefined && this.signing !== active.kid) {
      const { kid, algorithm } = active;
      this.log.info({ kid, algorithm, former: this.signing }, 'another key signs access tokens from now on');
    }
    this.signing = active?.kid ?? this.signing;
    return active;
  }

  private async tick(): Promise<void> {
    try {
      const rows = await this.changes.reload();
      const now = this.clock.now();
      if (!this.reportChange(rows) && now >= this.repairDue) {
        this.repairDue = now + REPAIR_INTERVAL_MS;
        await this.transactions.run((transaction) => this.changes.followSettings(transaction));
      }
      const due = (row: KeyRow): boolean =>
        row.source === 'ring' &&
        keyState(row, now) === 'active' &&
        isDue(row, now, this.config.rotationDays * DAY_MS, this.changes.leadMs);
      if (rows.some(due)) {
        const { kid, activeFrom } = await this.transactions.run((transaction) =>
          this.changes.rotateIfDue(transaction, due),
        );
        this.log.info({ kid, active_from: new Date(activeFrom).toISOString() }, 'a signing key was prepared');
      }
    } catch (error) {
      this.log.warn({ err: error }, 'the key ring could not be read; going on with the keys at hand');
    }
  }
}
