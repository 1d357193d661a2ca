import type { INestApplicationContext } from '@nestjs/common';
import { FIRST_PARTY, OPERATOR } from '../access/principal.js';
import { ClientsService } from '../clients/clients.service.js';
import { AddressRange } from '../platform/kernel/ip-address.js';
import { IncidentService, type Incident, type IncidentPlan } from '../incidents/incident.service.js';
import { Clock } from '../platform/kernel/clock.js';
import { objectId } from '../platform/http/object-id.js';
import { SessionSweep } from '../sessions/session-sweep.service.js';
import { UsersService } from '../users/users.service.js';
import { found, none, pastOf, reasonOf } from './arguments.js';
import { EXIT, UsageError, type Command, type CommandHost, type CommandOptions } from './command.js';
import { table } from './table.js';

/**
 * Previews which sessions an incident ends. Ends them with `--yes`, or after the operator confirms at a terminal.
 */
export const incidentCommand: Command = async (args, options, host) => {
  none(args);
  const { out, err, ask, progress, withApp } = host;
  const { user, client, kid, ip, issuedBefore, json, yes } = options;
  const others = [user, client, ip, issuedBefore].filter((condition) => condition !== undefined);
  if (kid === undefined ? others.length === 0 : others.length > 0) {
    throw new UsageError('incident needs --issued-before, --user, --client or --ip, or --kid alone');
  }
  const range = ip === undefined ? undefined : AddressRange.parse(ip);
  if (ip !== undefined && !range)
    throw new UsageError('--ip must be an address or a CIDR range, such as 192.0.2.0/24');
  // Without --yes the preview comes first, and a preview must not migrate.
  const access = { readsOnly: !yes };
  return withApp(async (app) => {
    const service = app.get(IncidentService);
    const plan = await planOf(service, await incidentOf(app, options, range));
    const longestMs = await app.get(SessionSweep).longestTokenMs();
    out(json ? `${JSON.stringify({ done: false, ...asJson(plan) })}\n` : preview(plan, longestMs));
    const { sessions } = plan.summary;
    if (sessions === 0 && !plan.broad) return EXIT.done;
    if (!yes && (json || !(await confirmed(sessions, ask)))) {
      err('Nothing was changed; --yes applies the incident.\n');
      return EXIT.done;
    }
    const counts = await service.apply(OPERATOR, plan, (ended) =>
      progress(ended, `${ended} of about ${sessions} sessions ended`),
    );
    out(
      json
        ? `${JSON.stringify({ done: true, issued_before: plan.openedBefore.toISOString(), ...counts })}\n`
        : `Ended ${counts.sessions} sessions; wrote ${counts.revocations} revocations, which instances apply within a second.\n`,
    );
    return EXIT.done;
  }, access);
};

async function planOf(service: IncidentService, incident: Incident): Promise<IncidentPlan> {
  return found('key', incident.kid ?? '', service.plan(incident));
}

/** The operator types the number, so that a single key cannot end a million sessions. */
async function confirmed(sessions: number, ask: CommandHost['ask']): Promise<boolean> {
  if (sessions === 0) {
    return (await ask('\nNo session matches. Type yes to write the revocation: '))?.trim() === 'yes';
  }
  return (await ask(`\nType ${sessions} to end them: `))?.trim() === String(sessions);
}

/** @throws AppError `not_found` for an unknown client */
async function clientIdOf(app: INestApplicationContext, id: string): Promise<string> {
  if (id === FIRST_PARTY) return id;
  return (await found('client', id, app.get(ClientsService).find(objectId(id)))).id;
}

async function incidentOf(
  app: INestApplicationContext,
  options: CommandOptions,
  range: AddressRange | undefined,
): Promise<Incident> {
  const { user, client, kid, issuedBefore } = options;
  return {
    userId: user === undefined ? undefined : (await found('user', user, app.get(UsersService).find(user))).id,
    issuedBefore:
      issuedBefore === undefined ? undefined : pastOf('--issued-before', issuedBefore, app.get(Clock).now()),
    clientId: client === undefined ? undefined : await clientIdOf(app, client),
    range,
    kid,
    reason: reasonOf(options) ?? 'incident',
  };
}

function asJson({ openedBefore, summary, examples, broad, incident, keyOfSettings }: IncidentPlan) {
  return {
    issued_before: openedBefore.toISOString(),
    sessions: summary.sessions,
    users: summary.users,
    opened_first: summary.openedFirst?.toISOString() ?? null,
    opened_last: summary.openedLast?.toISOString() ?? null,
    examples: examples.map(({ id, userId, clientId, createdAt, ip }) => ({
      id,
      user: userId,
      client_id: clientId,
      created_at: createdAt.toISOString(),
      ip,
    })),
    revocations: [
      ...(broad ? [{ kind: broad.kind, subject: broad.subject, count: 1 }] : []),
      ...(broad?.kind === 'user' ? [] : [{ kind: 'session', subject: null, count: summary.usedLately }]),
    ],
    reason: incident.reason,
    key_of_settings: keyOfSettings,
  };
}

function preview(plan: IncidentPlan, longestTokenMs: number): string {
  const { summary, examples, openedBefore, broad, keyOfSettings } = plan;
  const { sessions, users, usedLately, openedFirst, openedLast } = summary;
  const minutes = Math.ceil(longestTokenMs / 60_000);
  const opened = openedFirst
    ? `, opened from ${openedFirst.toISOString()} to ${openedLast?.toISOString() ?? ''}`
    : '';
  const rows = [
    broad && `one for ${broad.kind === 'all' ? 'all tokens' : `the ${broad.kind} ${broad.subject}`}`,
    broad?.kind !== 'user' && `${usedLately} for single sessions`,
  ].filter(Boolean);
  return [
    `Sessions opened before ${openedBefore.toISOString()}: ${sessions}, of ${users} users${opened}.`,
    ...(examples.length > 0 ? ['The oldest:', table(examples.map(row)).trimEnd()] : []),
    `Revocations: ${rows.join(', ')}.`,
    `Not covered, for up to ${minutes} minutes: access tokens of sessions that ended or were deleted before, unless the`,
    'revocation is of a user, client, key or all; and services that neither ask nor follow revocations.',
    ...(keyOfSettings
      ? [
          'The key comes from the settings: a thief can sign new tokens with it until the settings hold another key.',
        ]
      : []),
    '',
  ].join('\n');
}

function row({ id, userId, clientId, createdAt, ip }: IncidentPlan['examples'][number]): string[] {
  return [`  ${id}`, `user ${userId}`, clientId, createdAt.toISOString(), ip ?? '-'];
}
