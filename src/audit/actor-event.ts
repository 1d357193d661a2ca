import type { Actor } from '../access/principal.js';
import type { AuditAction, AuditDetails, AuditSubjectKind, NewAuditEvent } from './audit-event.js';

/** An audit event of an actor: who, and for requests from where and in which session or grant. */
export function auditEvent(
  actor: Actor,
  action: AuditAction,
  kind: AuditSubjectKind,
  id: string,
  details?: AuditDetails,
): NewAuditEvent {
  return {
    action,
    actor: actor.subject,
    subject: { kind, id },
    ...(actor.kind !== 'operator' && { origin: actor.origin, sessionId: actor.sid }),
    ...(details && { details }),
  };
}
