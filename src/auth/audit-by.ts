import type { Principal } from '../access/principal.js';
import type { AuditAction, AuditDetails, AuditSubjectKind, NewAuditEvent } from '../audit/audit-event.js';

/** An event of the audit log that a principal caused: who, from where, in which session. */
export function by(
  { userId, sessionId, origin }: Principal,
  action: AuditAction,
  kind: AuditSubjectKind,
  id: string,
  details?: AuditDetails,
): NewAuditEvent {
  return { action, actor: userId, subject: { kind, id }, origin, sessionId, ...(details && { details }) };
}
