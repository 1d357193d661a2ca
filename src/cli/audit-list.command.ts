import { toAuditEventDto } from '../audit/audit.controller.js';
import { AUDIT_ACTIONS } from '../audit/audit-event.js';
import { AuditService } from '../audit/audit.service.js';
import { canonicalId } from '../platform/http/object-id.js';
import { Clock } from '../platform/kernel/clock.js';
import { idOf, inPages, limitOf, none, pastOf } from './arguments.js';
import { EXIT, READS_ONLY, UsageError, type Command } from './command.js';
import { table } from './table.js';

/** The audit log, newest first. */
export const auditListCommand: Command = async (args, options, { out, err, withApp }) => {
  none(args);
  const { action, actor, subject, json } = options;
  if (action !== undefined && !AUDIT_ACTIONS.some((known) => known === action)) {
    throw new UsageError(`--action must be one of ${AUDIT_ACTIONS.join(', ')}`);
  }
  const [limit, after] = [limitOf(options), idOf('--after', options.after)];
  return withApp(async (app) => {
    const since =
      options.since === undefined ? undefined : pastOf('--since', options.since, app.get(Clock).now());
    const found = await inPages({ limit, after }, async (page) => {
      const query = { ...page, action, actor: canonical(actor), subject: canonical(subject), since };
      return (await app.get(AuditService).list(query)).events;
    });
    const events = found.map(toAuditEventDto);
    const rows = events.map((event) => [
      event.created_at,
      event.action,
      `${event.subject_kind} ${event.subject}`,
      `by ${event.actor ?? 'the service'}`,
      event.ip ?? '-',
      event.details === null ? '' : JSON.stringify(event.details),
    ]);
    out(json ? `${JSON.stringify(events)}\n` : table(rows));
    if (!json && events.length === limit) err(`--after ${events.at(-1)?.id ?? ''} shows older events\n`);
    return EXIT.done;
  }, READS_ONLY);
};

function canonical(id: string | undefined): string | undefined {
  return id === undefined ? undefined : canonicalId(id);
}
