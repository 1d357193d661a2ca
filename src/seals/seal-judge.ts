import type { AuditKeys } from './audit-keys.js';
import { AuditFaultFound } from './seal-faults.js';
import { isSameSeal, sealHash, type Checkpoint, type Seal } from './seal.js';

/** How long instances under a former secret may go on writing events after the handover: a rolling change of secrets. */
const OVERLAP_MS = 86_400_000;

/** @throws AuditFaultFound where a seal is not exactly what a known key signed */
export function assertSigned(keys: AuditKeys, seal: Seal): void {
  if (!sealHash(seal).equals(seal.hash)) throw new AuditFaultFound('seal_broken', { seal: seal.number });
  if (!keys.knows(seal.signedBy)) throw new AuditFaultFound('seal_key', { seal: seal.number });
  if (!keys.verifiesSeal(seal)) throw new AuditFaultFound('seal_signature', { seal: seal.number });
}

/** @throws AuditFaultFound where a seal does not follow the seal before it */
export function assertFollows(seal: Seal, previous: Checkpoint): void {
  if (seal.number !== previous.number + 1) {
    throw new AuditFaultFound('seal_missing', { seal: previous.number + 1 });
  }
  if (!seal.previousHash.equals(previous.hash))
    throw new AuditFaultFound('seal_broken', { seal: seal.number });
}

/** @throws AuditFaultFound where a seal is not the one that was seen before */
export function assertSame(seal: Seal | undefined, seen: Seal): void {
  if (!seal || seal.number !== seen.number) throw new AuditFaultFound('seal_missing', { seal: seen.number });
  if (isSameSeal(seal, seen) && seal.signature.equals(seen.signature) && seal.signedBy === seen.signedBy) {
    if (sealHash(seal).equals(seen.hash)) return;
  }
  throw new AuditFaultFound('seal_broken', { seal: seal.number });
}

/** Which keys were handed over, at a place of the chain. */
export class KeyHistory {
  private readonly retired = new Map<string, Date>();

  constructor(private readonly keys: AuditKeys) {}

  /** Goes one seal further. @throws AuditFaultFound where its key was handed over before */
  take(seal: Seal): void {
    const { handover, signedBy } = seal;
    if (handover) {
      // A key takes the chain back by a handover to it, where the settings return to a former secret.
      this.retired.delete(signedBy);
      this.retired.set(handover.from, seal.createdAt);
    } else if (this.retired.has(signedBy)) {
      throw new AuditFaultFound('seal_signature', { seal: seal.number });
    }
  }

  /** Whether the signature of an event at a time counts: the key is in use, or was until a moment before. */
  accepts(signedBy: string, at: Date): boolean {
    if (this.keys.isConfigured(signedBy)) return true;
    const retiredAt = this.retired.get(signedBy);
    return retiredAt === undefined || at.getTime() <= retiredAt.getTime() + OVERLAP_MS;
  }
}
