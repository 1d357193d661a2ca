import { OPERATOR } from '../access/principal.js';
import { toRevocationDto } from '../feed/dto/revocation.dto.js';
import { RevokeDto } from '../incidents/dto/revoke.dto.js';
import { ManualRevocationService } from '../incidents/manual-revocation.service.js';
import { parseInput } from '../platform/kernel/validation.js';
import { UsersService } from '../users/users.service.js';
import { found, none, reasonOf } from './arguments.js';
import { EXIT, UsageError, type Command } from './command.js';

/** The same as `POST /revocations`, without a token. */
export const revokeCommand: Command = async ([kind, ...args], options, { out, withApp }) => {
  if (kind === undefined) throw new UsageError('revoke needs session, user, client, key or all');
  const [subject = kind === 'all' ? '*' : undefined, ...rest] = args;
  none(rest);
  const reason = reasonOf(options);
  if (subject === undefined || reason === undefined)
    throw new UsageError('revoke needs a subject and --reason TEXT');
  return withApp(async (app) => {
    const named = kind === 'user' ? await idOfUser(app.get(UsersService), subject) : subject;
    const input = parseInput(RevokeDto, { kind, subject: named, reason });
    const revocation = app.get(ManualRevocationService).revoke(OPERATOR, { ...input, reason });
    const row = toRevocationDto(await found(kind, subject, revocation));
    out(
      options.json
        ? `${JSON.stringify(row)}\n`
        : `Revoked: ${row.kind} ${row.subject}. Instances apply it within a second; the row is kept until ${row.expires_at}.\n`,
    );
    return EXIT.done;
  });
};

/** The id of a user. An id is taken as it is, so that the service can say that it belongs to another kind. */
async function idOfUser(users: UsersService, who: string): Promise<string> {
  const isId = RevokeDto.safeParse({ kind: 'user', subject: who }).success;
  return isId ? who : (await found('user', who, users.find(who))).id;
}
