import type { Actor } from '../access/principal.js';
import type { AuditAction, AuditDetails, AuditSubjectKind, NewAuditEvent } from './audit-event.js';

/** An event of the audit log that somebody caused: who and, but for the command line, from where, in which session or grant. */
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
