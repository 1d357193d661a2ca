import type { EntityManager } from 'typeorm';
import { OPERATOR } from '../access/principal.js';
import { AuditService } from '../audit/audit.service.js';
import type { KeyConfig } from '../platform/config/config.js';
import type { Clock } from '../platform/kernel/clock.js';
import { newId } from '../platform/kernel/ids.js';
import type { BackupHeader } from './backup-header.js';

const REASON = 'restored';
/** Longer than any token lives: the settings allow a day, and a minute of leeway. */
const LONGEST_TOKEN_MS = 25 * 3_600_000;

export interface Ended {
  readonly sessions: number;
}

/**
 * Ends every live session and revokes every token that was issued until now. Otherwise a restore would revive the sessions
 * that ended since the backup, and refresh tokens that were used since.
 * @param now of the database, in milliseconds
 */
export async function endRestored(manager: EntityManager, now: number): Promise<Ended> {
  // Raw: there is no application yet, and it is one statement in the transaction of the restore.
  const [, sessions]: [unknown, number] = await manager.query(
    `UPDATE sessions SET revoked_at = $1, revoked_reason = $2 WHERE revoked_at IS NULL AND expires_at > $1`,
    [new Date(now), REASON],
  );
  // Raw: see above.
  await manager.query(
    `INSERT INTO revocations (id, kind, subject, cutoff, reason, actor, created_at, expires_at)
     VALUES ($1, 'all', '*', $2, $3, $4, $2, $5)`,
    [newId(now), new Date(now), REASON, OPERATOR.subject, new Date(now + LONGEST_TOKEN_MS)],
  );
  return { sessions };
}

export interface RestoreRecord {
  readonly keys: KeyConfig;
  readonly clock: Clock;
  readonly header: BackupHeader;
  readonly ended: Ended | undefined;
}

/** Records the restore in the audit log. */
export async function recordRestore(
  manager: EntityManager,
  { keys, clock, header, ended }: RestoreRecord,
): Promise<void> {
  await AuditService.on(manager, keys, clock).record(
    { manager },
    {
      action: 'backup.restored',
      actor: OPERATOR.subject,
      subject: { kind: 'database', id: '*' },
      details: { created_at: header.created_at, sessions_ended: ended?.sessions ?? null },
    },
  );
}
