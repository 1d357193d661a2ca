import { OPERATOR } from '../access/principal.js';
import { toSessionDto } from '../sessions/dto/session.dto.js';
import { UserSecurityService } from '../accounts/user-security.service.js';
import { AppError } from '../platform/kernel/app-error.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { UsersService } from '../users/users.service.js';
import { found, idOf, inPages, limitOf, none, only } from './arguments.js';
import { EXIT, READS_ONLY, UsageError, type Command } from './command.js';
import { table } from './table.js';

export const sessionsListCommand: Command = async (args, options, { out, err, withApp }) => {
  const who = only(args, 'an id, an e-mail address or a user name');
  const [limit, after] = [limitOf(options), idOf('--after', options.after)];
  return withApp(async (app) => {
    const user = await found('user', who, app.get(UsersService).find(who));
    let all = 0;
    const listed = await inPages({ limit, after }, async (page) => {
      const { sessions, total } = await app.get(SessionsService).list(user.id, { ...page, offset: 0 });
      all = total;
      return sessions;
    });
    const sessions = listed.map((session) => {
      const { current: _, ...dto } = toSessionDto(session, '');
      return dto;
    });
    const rows = sessions.map((session) => [
      session.id,
      `opened ${session.created_at}`,
      `used ${session.last_used_at}`,
      session.ip ?? '-',
      session.user_agent ?? '-',
    ]);
    out(options.json ? `${JSON.stringify(sessions)}\n` : table(rows));
    if (!options.json && listed.length < all) err(`${listed.length} of ${all}\n`);
    return EXIT.done;
  }, READS_ONLY);
};

export const sessionsEndCommand: Command = async (args, { user: who }, { out, withApp }) => {
  if (who !== undefined) none(args);
  const id =
    who === undefined ? idOf('a session', only(args, 'the id of a session, or --user WHO')) : undefined;
  if (who === undefined && id === undefined) throw new UsageError('needs the id of a session, or --user WHO');
  return withApp(async (app) => {
    const security = app.get(UserSecurityService);
    if (who !== undefined) {
      const user = await found('user', who, app.get(UsersService).find(who));
      await security.endSessions(OPERATOR, user.id);
      out(`Every session of ${user.email} has ended.\n`);
      return EXIT.done;
    }
    const session = id === undefined ? undefined : await app.get(SessionsService).find(id);
    if (!session) throw new AppError('not_found', { detail: `no session "${id ?? ''}"` });
    const ended = security.endSession(OPERATOR, session.userId, session.id);
    await found('live session', session.id, ended);
    out(`The session has ended: ${session.id}\n`);
    return EXIT.done;
  });
};
