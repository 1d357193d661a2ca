import type { Principal } from '../access/principal.js';
import type { AuditAction, AuditDetails, AuditSubjectKind, NewAuditEvent } from '../audit/audit-event.js';

/** An event of the audit log that a principal caused: who, from where, in which session or grant. */
export function by(
  { subject, sid, origin }: Principal,
  action: AuditAction,
  kind: AuditSubjectKind,
  id: string,
  details?: AuditDetails,
): NewAuditEvent {
  return {
    action,
    actor: subject,
    subject: { kind, id },
    origin,
    sessionId: sid,
    ...(details && { details }),
  };
}
