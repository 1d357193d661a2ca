import { Injectable } from '@nestjs/common';
import type { Operator } from '../access/principal.js';
import type { AuditAction, AuditDetails, NewAuditEvent } from '../audit/audit-event.js';
import { AuditService } from '../audit/audit.service.js';
import { Transactions, type Transaction } from '../platform/database/transaction.js';
import { AppError } from '../platform/kernel/app-error.js';
import { Clock } from '../platform/kernel/clock.js';
import { mayBeDropped } from '../keys/key-rotation.policy.js';
import { SigningKeyChanges } from '../keys/signing-key-changes.js';
import type { KeyRow } from '../keys/key-row.js';
import { RevocationsService, type Revoke } from '../revocation/revocations.service.js';
import type { SweepExample, SweepFilter, SweepSummary } from '../sessions/sweep-records.js';
import { UserAccessService } from '../users/user-access.service.js';
import { SessionTermination } from '../sessions/session-termination.service.js';
import type { AddressRange } from '../platform/kernel/ip-address.js';
import { auditEvent } from '../audit/actor-event.js';
import { REQUEST_MS, SessionSweep, type SweepCounts } from '../sessions/session-sweep.service.js';

const EXAMPLES = 5;
const NOTHING: SweepCounts = { sessions: 0, revocations: 0 };

/** The sessions to end: those that meet every condition. `kid` cannot be combined with another condition. */
export interface Incident {
  /** Sessions opened before this; now where undefined. */
  readonly issuedBefore?: Date | undefined;
  readonly userId?: string | undefined;
  readonly clientId?: string | undefined;
  readonly range?: AddressRange | undefined;
  readonly kid?: string | undefined;
  readonly reason: string;
}

/** One revocation that hits all tokens of the incident, beside the revocations of single sessions. */
type BroadRevocation = Pick<Revoke, 'issuedBefore'> & {
  readonly kind: 'user' | 'client' | 'key' | 'all';
  readonly subject: string;
};

/** The expected effects of an incident. `apply` reads the sessions again, because they change meanwhile. */
export interface IncidentPlan {
  readonly incident: Incident;
  readonly openedBefore: Date;
  readonly summary: SweepSummary;
  readonly examples: readonly SweepExample[];
  /** Undefined where no single revocation hits exactly the tokens of the incident. */
  readonly broad: BroadRevocation | undefined;
  /** The key comes from the settings: it goes on verifying tokens until the settings change. */
  readonly keyOfSettings: boolean;
  readonly filter: SweepFilter;
}

/** Ends many sessions after a security incident. An interrupted run is continued by running it again. */
@Injectable()
export class IncidentService {
  constructor(
    private readonly transactions: Transactions,
    private readonly sweep: SessionSweep,
    private readonly users: UserAccessService,
    private readonly keys: SigningKeyChanges,
    private readonly termination: SessionTermination,
    private readonly revocations: RevocationsService,
    private readonly audit: AuditService,
    private readonly clock: Clock,
  ) {}

  /** Previews an incident and changes nothing. @throws AppError `not_found` where there is no such key */
  async plan(incident: Incident): Promise<IncidentPlan> {
    const now = this.clock.now();
    const key = incident.kid === undefined ? undefined : await this.keyOf(incident.kid);
    const filter = await this.filterOf(incident, key, now);
    const broad = await this.broadRevocation(incident, filter.openedBefore);
    const usedSince = await this.sweep.usedSince(filter, broad !== undefined, now);
    const [summary, examples] = await Promise.all([
      this.sweep.summary(filter, usedSince),
      this.sweep.examples(filter, EXAMPLES),
    ]);
    const keyOfSettings = key !== undefined && !mayBeDropped(key, now);
    return { incident, openedBefore: filter.openedBefore, summary, examples, broad, keyOfSettings, filter };
  }

  /**
   * Writes the broad revocation, then ends the sessions page by page. An audit event comes before the first change, and
   * another one with the counts after the last.
   * @param onProgress is called with the number of sessions ended so far
   */
  async apply(
    operator: Operator,
    plan: IncidentPlan,
    onProgress: (ended: number) => void,
  ): Promise<SweepCounts> {
    const broad = await this.broadRevocation(plan.incident, plan.openedBefore);
    const first = await this.transactions.run(async (transaction) => {
      await this.audit.record(transaction, event(operator, 'incident.started', plan));
      return this.writeBroad(transaction, operator, plan, broad);
    });
    // The revocation of a user ends all sessions of the user: none is left for the sweep.
    const rest = broad?.kind === 'user' ? NOTHING : await this.endSessions(operator, plan, broad, onProgress);
    const counts = {
      sessions: first.sessions + rest.sessions,
      revocations: first.revocations + rest.revocations,
    };
    onProgress(counts.sessions);
    await this.transactions.run((transaction) =>
      this.audit.record(transaction, event(operator, 'incident.answered', plan, counts)),
    );
    return counts;
  }

  private async endSessions(
    { subject: actor }: Operator,
    { incident: { reason, range }, filter }: IncidentPlan,
    broad: BroadRevocation | undefined,
    onProgress: (ended: number) => void,
  ): Promise<SweepCounts> {
    return this.sweep.run({ filter, range, covered: broad !== undefined, reason, actor }, onProgress);
  }

  private async writeBroad(
    transaction: Transaction,
    operator: Operator,
    { incident, filter }: IncidentPlan,
    broad: BroadRevocation | undefined,
  ): Promise<SweepCounts> {
    const cause = { reason: incident.reason, actor: operator.subject };
    if (!broad) return NOTHING;
    if (broad.kind === 'user') {
      // A revocation by version does not depend on clocks. A login at this moment waits for the lock on the user.
      const { manager } = transaction;
      if (!(await this.users.lock(manager, broad.subject))) throw new AppError('not_found');
      const now = new Date(this.clock.now());
      const allSessions = { ...filter, now, openedBefore: new Date(now.getTime() + REQUEST_MS) };
      const { sessions } = await this.sweep.summary(allSessions, now, manager);
      await this.termination.endAll(transaction, broad.subject, cause);
      return { sessions, revocations: 1 };
    }
    const forGood = broad.kind === 'key' && (await this.dropKey(transaction, broad.subject));
    const { kind, subject, issuedBefore } = broad;
    await this.revocations.revoke(transaction, {
      kind,
      subjects: [subject],
      ...cause,
      forGood,
      ...(issuedBefore && { issuedBefore }),
    });
    return { sessions: 0, revocations: 1 };
  }

  /**
   * Drops a key of the ring. A key of the settings cannot be dropped, but the tokens it signed until now are dead.
   * @returns whether it was dropped
   */
  private async dropKey(transaction: Transaction, kid: string): Promise<boolean> {
    try {
      await this.keys.compromise(transaction, kid);
      return true;
    } catch (error) {
      if (!(error instanceof AppError && error.code === 'key_not_rotatable')) throw error;
      return false;
    }
  }

  private async keyOf(kid: string): Promise<KeyRow> {
    const key = (await this.keys.list()).find((row) => row.kid === kid);
    if (!key) throw new AppError('not_found', { detail: 'There is no such key' });
    return key;
  }

  private async filterOf(incident: Incident, key: KeyRow | undefined, now: number): Promise<SweepFilter> {
    const { userId = null, clientId = null, range } = incident;
    const base = { userId, clientId, addresses: null, rotated: null, now: new Date(now) };
    if (key) {
      // The key may have changed between a refresh's statement and its signature.
      const to = key.activeUntil === null ? null : new Date(key.activeUntil + REQUEST_MS);
      const rotated = { from: new Date(key.activeFrom - REQUEST_MS), to };
      return { ...base, rotated, openedBefore: new Date(key.compromisedAt ?? now) };
    }
    const stored = range && (await this.sweep.addresses(base.now));
    const addresses = stored?.filter((address) => range?.holds(address)) ?? null;
    return { ...base, addresses, openedBefore: incident.issuedBefore ?? base.now };
  }

  /** The single revocation of all tokens of the incident, if there is one and it would hit a live token. */
  private async broadRevocation(
    { userId, clientId, range, kid, issuedBefore: given }: Incident,
    issuedBefore: Date,
  ): Promise<BroadRevocation | undefined> {
    if (kid !== undefined) return { kind: 'key', subject: kid };
    if (range || (userId !== undefined && (clientId !== undefined || given))) return undefined;
    if (userId !== undefined) return { kind: 'user', subject: userId };
    const longestMs = await this.sweep.longestTokenMs();
    if (issuedBefore.getTime() <= this.clock.now() - longestMs) return undefined;
    return clientId === undefined
      ? { kind: 'all', subject: '*', issuedBefore }
      : { kind: 'client', subject: clientId, issuedBefore };
  }
}

/** The conditions of the incident as an audit event. Of an address range it says only that there was one. */
function event(
  operator: Operator,
  action: AuditAction,
  { incident, openedBefore }: IncidentPlan,
  counts: AuditDetails = {},
): NewAuditEvent {
  const { reason, userId, clientId, kid, range } = incident;
  return auditEvent(operator, action, 'session', '*', {
    reason,
    issued_before: openedBefore.toISOString(),
    ...(userId !== undefined && { user: userId }),
    ...(clientId !== undefined && { client: clientId }),
    ...(kid !== undefined && { kid }),
    ...(range && { by_address: true }),
    ...counts,
  });
}
