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

/** What is meant: sessions that meet every condition. A key stands alone. */
export interface Incident {
  /** Opened before this; now, where it is absent. */
  readonly issuedBefore?: Date | undefined;
  readonly userId?: string | undefined;
  readonly clientId?: string | undefined;
  readonly range?: AddressRange | undefined;
  readonly kid?: string | undefined;
  readonly reason: string;
}

/** A row that is written once, beside those of single sessions. */
type WideRow = Pick<Revoke, 'issuedBefore'> & {
  readonly kind: 'user' | 'client' | 'key' | 'all';
  readonly subject: string;
};

/** What would be done. Time goes on: doing it looks again. */
export interface IncidentPlan {
  readonly incident: Incident;
  readonly openedBefore: Date;
  readonly summary: SweepSummary;
  readonly examples: readonly SweepExample[];
  /** Undefined where the conditions are narrower than any one row. */
  readonly wide: WideRow | undefined;
  /** A key of the settings goes on to verify what others sign with it until the settings change. */
  readonly keyOfSettings: boolean;
  readonly filter: SweepFilter;
}

/** Ends many sessions after something went wrong. What was broken off is run again and goes on. */
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

  /** Looks and changes nothing. @throws AppError `not_found` where there is no such key */
  async plan(incident: Incident): Promise<IncidentPlan> {
    const now = this.clock.now();
    const key = incident.kid === undefined ? undefined : await this.keyOf(incident.kid);
    const filter = await this.filterOf(incident, key, now);
    const wide = this.wideRow(incident, filter.openedBefore);
    const [summary, examples] = await Promise.all([
      this.sweep.summary(filter, this.sweep.usedSince(filter, wide !== undefined, now)),
      this.sweep.examples(filter, EXAMPLES),
    ]);
    const keyOfSettings = key !== undefined && !mayBeDropped(key, now);
    return { incident, openedBefore: filter.openedBefore, summary, examples, wide, keyOfSettings, filter };
  }

  /**
   * Does it: the row that kills tokens first, then the sessions page by page. The audit log has an event before the
   * first change, and one with the counts behind the last.
   * @param tell hears how many sessions have ended
   */
  async answer(operator: Operator, plan: IncidentPlan, tell: (ended: number) => void): Promise<SweepCounts> {
    const wide = this.wideRow(plan.incident, plan.openedBefore);
    const first = await this.transactions.run(async (transaction) => {
      await this.audit.record(transaction, event(operator, 'incident.started', plan));
      return this.writeWide(transaction, operator, plan, wide);
    });
    // The user's row is as exact as it is wide: nothing is left to look for.
    const rest = wide?.kind === 'user' ? NOTHING : await this.endSessions(operator, plan, wide, tell);
    const counts = {
      sessions: first.sessions + rest.sessions,
      revocations: first.revocations + rest.revocations,
    };
    tell(counts.sessions);
    await this.transactions.run((transaction) =>
      this.audit.record(transaction, event(operator, 'incident.answered', plan, counts)),
    );
    return counts;
  }

  private async endSessions(
    { subject: actor }: Operator,
    { incident: { reason, range }, filter }: IncidentPlan,
    wide: WideRow | undefined,
    tell: (ended: number) => void,
  ): Promise<SweepCounts> {
    return this.sweep.run({ filter, range, covered: wide !== undefined, reason, actor }, tell);
  }

  private async writeWide(
    transaction: Transaction,
    operator: Operator,
    { incident, filter }: IncidentPlan,
    wide: WideRow | undefined,
  ): Promise<SweepCounts> {
    const cause = { reason: incident.reason, actor: operator.subject };
    if (!wide) return NOTHING;
    if (wide.kind === 'user') {
      // By version, which no clock can get wrong; whoever logs in at this moment waits for the user's row.
      const { manager } = transaction;
      if (!(await this.users.lock(manager, wide.subject))) throw new AppError('not_found');
      const now = new Date(this.clock.now());
      const everything = { ...filter, now, openedBefore: new Date(now.getTime() + REQUEST_MS) };
      const { sessions } = await this.sweep.summary(everything, now, manager);
      await this.termination.endAll(transaction, wide.subject, cause);
      return { sessions, revocations: 1 };
    }
    const forGood = wide.kind === 'key' && (await this.dropKey(transaction, wide.subject));
    const { kind, subject, issuedBefore } = wide;
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
   * A key of the settings cannot be dropped from here; what it signed until now is dead all the same.
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
      // Between its statement and its signature a refresh may have met another key.
      const to = key.activeUntil === null ? null : new Date(key.activeUntil + REQUEST_MS);
      const rotated = { from: new Date(key.activeFrom - REQUEST_MS), to };
      return { ...base, rotated, openedBefore: new Date(key.compromisedAt ?? now) };
    }
    const stored = range && (await this.sweep.addresses(base.now));
    const addresses = stored?.filter((address) => range?.holds(address)) ?? null;
    return { ...base, addresses, openedBefore: incident.issuedBefore ?? base.now };
  }

  /** One row for all tokens that the conditions mean, where there is such a row and it would find a living token. */
  private wideRow(
    { userId, clientId, range, kid, issuedBefore: given }: Incident,
    issuedBefore: Date,
  ): WideRow | undefined {
    if (kid !== undefined) return { kind: 'key', subject: kid };
    if (range || (userId !== undefined && (clientId !== undefined || given))) return undefined;
    if (userId !== undefined) return { kind: 'user', subject: userId };
    if (issuedBefore.getTime() <= this.clock.now() - this.sweep.lifetimeMs) return undefined;
    return clientId === undefined
      ? { kind: 'all', subject: '*', issuedBefore }
      : { kind: 'client', subject: clientId, issuedBefore };
  }
}

/** Which conditions there were, and what an address may not be written down for: only that there was one. */
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
