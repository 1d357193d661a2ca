import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Seal } from './seal.js';
import { SealsRepository } from './seals.repository.js';

/** Seals in memory at once. */
const PAGE = 100;

/** Reads the chain for those that judge it. Reads throw AuditFaultFound for a row that this service cannot have written. */
@Injectable()
export class SealReader {
  constructor(private readonly seals: SealsRepository) {}

  /** A reader without the application, for the command line. */
  static alone(): SealReader {
    return new SealReader(new SealsRepository());
  }

  /** Every seal of the table, by number, within the caller's transaction. */
  async *all(manager: EntityManager): AsyncGenerator<Seal> {
    await this.seals.open(manager);
    for (;;) {
      const page = await this.seals.next(manager, PAGE);
      if (page.length === 0) return;
      yield* page;
    }
  }

  /** The newest record of a drop by retention, as the table has it. */
  async lastDrop(manager: EntityManager): Promise<Seal | undefined> {
    return this.seals.lastDrop(manager);
  }

  /** Every record of a change of keys, oldest first, as the table has it. */
  async handovers(manager: EntityManager): Promise<Seal[]> {
    return this.seals.handovers(manager);
  }

  /** The first seal over a month that is kept, or that was made after a time. */
  async firstToKeep(manager: EntityManager, month: string, madeAfter: Date): Promise<Seal | undefined> {
    return this.seals.firstToKeep(manager, month, madeAfter);
  }
}
