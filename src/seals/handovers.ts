import { Injectable } from '@nestjs/common';
import type { Transaction } from '../platform/database/transaction.js';
import { AuditKeys } from './audit-keys.js';
import { SealsRepository } from './seals.repository.js';
import { recordAt, type ChainEnd, type NewSeal } from './seal.js';

/** Records changes of the key that signs the log, each signed by both keys. */
@Injectable()
export class Handovers {
  private isUpToDate = false;

  constructor(
    private readonly seals: SealsRepository,
    private readonly keys: AuditKeys,
  ) {}

  /** Whether the end was signed under a previous secret of the settings. */
  canTakeOver({ signedBy }: ChainEnd): boolean {
    return signedBy !== null && this.keys.previousIds.includes(signedBy);
  }

  /**
   * The handovers to write before the next seal: of the key that signed the end where it is another one, and of every
   * previous key of the settings that has none, since it may have signed events. Reads the table once a process, and at
   * each change of keys.
   */
  async due({ manager, afterCommit }: Transaction, end: ChainEnd, createdAt: Date): Promise<NewSeal[]> {
    const isOurs = end.signedBy === null || end.signedBy === this.keys.currentId;
    if (isOurs && this.isUpToDate) return [];
    const written = new Set<string | undefined>();
    for (const seal of await this.seals.handovers(manager)) written.add(seal.handover?.from);
    const due = this.keys.previousIds.filter((id) => !written.has(id) || (!isOurs && id === end.signedBy));
    afterCommit(() => (this.isUpToDate = true));
    return due.map((id) => recordAt(end, createdAt, { handover: this.keys.handover(id) }));
  }
}
