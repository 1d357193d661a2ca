import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { KEY_CONFIG, type KeyConfig } from '../platform/config/config.js';
import { LOG, type Log } from '../platform/kernel/log.js';
import { macOf, sortRows, type SortedRows } from './key-authentication.js';
import { rewrapped } from './key-material.js';
import type { KeyTimes } from './key-rotation.policy.js';
import type { KeyRow, StoredKeyRow } from './key-row.js';
import { SigningKeysRepository } from './signing-keys.repository.js';

/**
 * The rows of `signing_keys` with their authentication codes: each write sets the code in its own statement, and a row
 * whose code is wrong is reported and left out.
 */
@Injectable()
export class SigningKeyRows {
  private rejectedKids: readonly string[] = [];

  constructor(
    private readonly rows: SigningKeysRepository,
    @Inject(KEY_CONFIG) private readonly config: KeyConfig,
    @Inject(LOG) private readonly log: Log,
  ) {}

  /** The `kid`s of the rows that were rejected when the table was last read. */
  get rejected(): readonly string[] {
    return this.rejectedKids;
  }

  /** Waits for the lock on changes of the keys, and holds it until the transaction ends. */
  async lock(manager: EntityManager): Promise<void> {
    await this.rows.lock(manager);
  }

  /** Every row, oldest first, sorted by whether it is authentic. @param mayAdopt see sortRows */
  async read(manager: EntityManager, mayAdopt = false): Promise<SortedRows> {
    const sorted = sortRows(await this.rows.all(manager), this.config, mayAdopt);
    this.report(sorted.rejected.map(({ kid }) => kid));
    return sorted;
  }

  /** Inserts a row, or replaces the row of the same `kid`. */
  async put(manager: EntityManager, row: KeyRow): Promise<void> {
    await this.rows.put(manager, row, macOf(row, this.config));
  }

  /** @param row as it was read in this transaction */
  async setTimes(manager: EntityManager, row: KeyRow, times: KeyTimes): Promise<void> {
    const { activeFrom, activeUntil, verifyUntil, compromisedAt } = times;
    const changed = { ...row, activeFrom, activeUntil, verifyUntil, compromisedAt };
    await this.rows.setTimes(manager, changed, macOf(changed, this.config));
  }

  /** Encrypts and authenticates an authentic row under the current root secret, where it is not. @returns the row as stored */
  async renew(manager: EntityManager, row: StoredKeyRow): Promise<StoredKeyRow> {
    const renewed = rewrapped(row, this.config);
    const mac = macOf(renewed, this.config);
    if (row.mac?.equals(mac)) return row;
    await this.rows.renew(manager, renewed, mac);
    return { ...renewed, mac };
  }

  async delete(manager: EntityManager, kids: readonly string[]): Promise<void> {
    await this.rows.delete(manager, kids);
  }

  private report(kids: readonly string[]): void {
    for (const kid of kids.filter((one) => !this.rejectedKids.includes(one))) {
      this.log.error(
        { kid },
        'a row of signing_keys is no key: it was written or changed by another program than this service, or under a root ' +
          'secret that the settings do not name',
      );
    }
    this.rejectedKids = kids;
  }
}
