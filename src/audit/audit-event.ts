import { createHash } from 'node:crypto';

/** The closed list of recorded actions: changes of accounts, sessions, roles, clients and keys. */
export const AUDIT_ACTIONS = [
  'user.registered',
  'user.updated',
  'user.disabled',
  'user.enabled',
  'user.deleted',
  'user.password_changed',
  'user.roles_changed',
  'user.failures_forgotten',
  'user.taken_over',
  'users.import_started',
  'users.imported',
  'users.exported',
  'session.started',
  'session.ended',
  'session.ended_all',
  'session.refresh_reused',
  'role.changed',
  'role.deleted',
  'client.created',
  'client.deleted',
  'client.secret_rotated',
  'resource.changed',
  'resource.deleted',
  'key.added',
  'key.rotated',
  'key.compromised',
  'revocation.created',
  'incident.started',
  'incident.answered',
  'administrator.created',
  'backup.created',
  'backup.restored',
] as const;
export type AuditAction = (typeof AUDIT_ACTIONS)[number];

export type AuditSubjectKind =
  'user' | 'session' | 'role' | 'client' | 'resource' | 'key' | 'revocation' | 'database';

/** Ids, names of roles and scopes, reasons. Never a secret, an address or a person's name. */
export type AuditDetails = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

/** The origin of a request. A member is null where the request does not carry it. */
export interface AuditOrigin {
  readonly ip: string | null;
  readonly userAgent: string | null;
  readonly requestId: string | null;
}

/** An event as a room records it. */
export interface NewAuditEvent {
  readonly action: AuditAction;
  /** Who did it: a user's or client's id, `command-line`, or null for the service itself. */
  readonly actor: string | null;
  readonly subject: { readonly kind: AuditSubjectKind; readonly id: string };
  /** Absent without a request: the command line, a timer. */
  readonly origin?: AuditOrigin | undefined;
  /** The session of the request. */
  readonly sessionId?: string | null | undefined;
  readonly details?: AuditDetails | undefined;
}

/** An event as it is stored and listed. */
export interface AuditEvent {
  readonly id: string;
  readonly createdAt: Date;
  readonly action: string;
  readonly actor: string | null;
  readonly subjectKind: string;
  readonly subject: string;
  readonly sessionId: string | null;
  readonly ip: string | null;
  readonly userAgent: string | null;
  readonly requestId: string | null;
  readonly details: Readonly<Record<string, unknown>> | null;
}

/** An event with the proof that this service wrote it. */
export interface SignedEvent extends AuditEvent {
  readonly signature: Buffer;
  /** The id of the key of the signature. */
  readonly signedBy: string;
}

/**
 * A place in the order of the log: the transaction, and the era in which transactions are numbered. A new era begins
 * where the database was restored into a server that numbers transactions lower.
 */
export interface Position {
  readonly era: number;
  readonly transactionId: string;
}

export interface PlacedEvent extends SignedEvent, Position {}

/** Whether the first position comes before the second. */
export function isBefore(one: Position, other: Position): boolean {
  if (one.era !== other.era) return one.era < other.era;
  return BigInt(one.transactionId) < BigInt(other.transactionId);
}

/** The month (UTC) that an event is kept with, such as `2026-01`. */
export function monthOf(time: Date): string {
  return time.toISOString().slice(0, 7);
}

/** The text that an event's signature covers: the same for the new event and for the row that the database returns. */
export function eventText(event: AuditEvent): string {
  const { id, createdAt, action, actor, subjectKind, subject, sessionId, ip, userAgent, requestId, details } =
    event;
  return JSON.stringify(
    [
      'latchkey audit event 1',
      id,
      createdAt.getTime(),
      action,
      actor,
      subjectKind,
      subject,
      sessionId,
      ip,
      userAgent,
      requestId,
      details,
    ],
    inOrder,
  );
}

/** Hashes the events in their order, each with its place, its signature and its text; no part holds a line break. */
export function hashOfEvents(events: readonly PlacedEvent[]): Buffer {
  const hash = createHash('sha256');
  for (const event of events) {
    const { era, transactionId, signedBy, signature } = event;
    const place = JSON.stringify([era, transactionId, signedBy, signature.toString('base64url')]);
    hash.update(`${place}\n${eventText(event)}\n`);
  }
  return hash.digest();
}

/** Sorts members, because PostgreSQL keeps those of jsonb in an order of its own. */
function inOrder(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
}
