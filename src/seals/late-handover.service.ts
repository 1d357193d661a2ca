import { Injectable } from '@nestjs/common';
import { Transactions } from '../platform/database/transaction.js';
import { Clock } from '../platform/kernel/clock.js';
import { AuditKeys } from './audit-keys.js';
import { assertSigned } from './seal-judge.js';
import { nextSeal, recordAt, type Checkpoint } from './seal.js';
import { SealsRepository } from './seals.repository.js';

/** `current` and `unused`: nothing was written, because the secret is the current one, or signed no seal of this log. */
export type LateHandoverResult =
  | { readonly outcome: 'written'; readonly checkpoint: Checkpoint }
  | { readonly outcome: 'present' | 'current' | 'unused' };

/** Records a change of keys afterwards, where a secret was removed from the settings without being named as a previous one. */
@Injectable()
export class LateHandovers {
  constructor(
    private readonly seals: SealsRepository,
    private readonly keys: AuditKeys,
    private readonly transactions: Transactions,
    private readonly clock: Clock,
  ) {}

  /**
   * Writes the handover from the key of a former secret to the current key, at the end of the chain.
   * @throws AuditFaultFound where neither a known key nor this one signed the end of the chain
   */
  async write(secret: string | Buffer): Promise<LateHandoverResult> {
    const keys = this.keys.withPrevious(secret);
    const from = AuditKeys.idOf(secret);
    if (from === keys.currentId) return { outcome: 'current' };
    return this.transactions.run(async ({ manager }) => {
      await this.seals.lock(manager);
      const handovers = await this.seals.handovers(manager);
      if (handovers.some(({ handover }) => handover?.from === from)) return { outcome: 'present' };
      if (!(await this.seals.isSignedBy(manager, from))) return { outcome: 'unused' };
      const end = await this.seals.last(manager);
      if (!end) return { outcome: 'unused' };
      assertSigned(keys, end);
      const record = recordAt(end, new Date(this.clock.now()), { handover: keys.handover(from) });
      const seal = nextSeal(end, record, keys);
      await this.seals.insert(manager, seal);
      return { outcome: 'written', checkpoint: seal };
    });
  }
}
