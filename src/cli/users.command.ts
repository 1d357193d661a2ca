import type { INestApplicationContext } from '@nestjs/common';
import { OPERATOR } from '../access/principal.js';
import { CreateUserDto, ChangeUserDto } from '../accounts/dto/user-admin.dto.js';
import { UserSecurityService } from '../accounts/user-security.service.js';
import { UsersAdminService } from '../accounts/users-admin.service.js';
import { parseInput, parseInputAsync } from '../platform/kernel/validation.js';
import { toUserDto, type UserDto } from '../users/dto/user.dto.js';
import type { UserStatus } from '../users/user.entity.js';
import type { UserRecord } from '../users/user-records.js';
import { UsersService } from '../users/users.service.js';
import { found, idOf, inPages, limitOf, none, only } from './arguments.js';
import {
  EXIT,
  READS_ONLY,
  UsageError,
  type Command,
  type CommandHost,
  type CommandOptions,
} from './command.js';
import { record, table } from './table.js';

const WHO = 'an id, an e-mail address or a user name';

/** Users in the order of creation; with `--email-prefix`, in the order of their addresses. */
export const usersListCommand: Command = async (args, options, { out, err, withApp }) => {
  none(args);
  const [limit, after] = [limitOf(options), idOf('--after', options.after)];
  const { emailPrefix } = options;
  return withApp(async (app) => {
    let all = 0;
    const users = await inPages({ limit, after }, async (page) => {
      const listed = await app.get(UsersService).list({ ...page, offset: 0, emailPrefix });
      all = listed.total;
      return listed.users;
    });
    out(options.json ? `${JSON.stringify(users.map(toUserDto))}\n` : table(users.map(row)));
    if (!options.json && users.length === limit) {
      err(`${users.length} of ${all}; --after ${users.at(-1)?.id ?? ''} shows more\n`);
    }
    return EXIT.done;
  }, READS_ONLY);
};

export const usersShowCommand: Command = async (args, options, host) => {
  const who = only(args, WHO);
  return host.withApp(
    async (app) => shown(await found('user', who, app.get(UsersService).find(who)), options, host),
    READS_ONLY,
  );
};

/** Reads the password from {@link CommandHost.password}, because arguments are visible in the list of processes. */
export const usersCreateCommand: Command = async (args, options, host) => {
  none(args);
  const { email, username, role } = options;
  if (email === undefined) throw new UsageError('users create needs --email EMAIL');
  const password = await newPassword(host, email);
  const {
    full_name: fullName,
    roles = ['user'],
    ...input
  } = await parseInputAsync(CreateUserDto, {
    email,
    password,
    ...(username !== undefined && { username }),
    ...(role && { roles: role }),
  });
  return host.withApp(async (app) =>
    shown(await app.get(UsersAdminService).create(OPERATOR, { ...input, fullName, roles }), options, host),
  );
};

/** Generates the password and prints it once; `--stdin` reads it instead. The user must change it in either case. */
export const usersSetPasswordCommand: Command = async (args, { stdin }, host) => {
  const who = only(args, WHO);
  const given = stdin ? await newPassword(host, who) : undefined;
  return host.withApp(async (app) => {
    const user = await found('user', who, app.get(UsersService).find(who));
    const password = await app.get(UserSecurityService).setPassword(OPERATOR, user.id, given);
    host.err(`${user.email} must change the password at the next login; all sessions have ended.\n`);
    if (given === undefined) host.out(`${password}\n`);
    return EXIT.done;
  });
};

export const usersRolesCommand: Command = async ([who, ...names], options, host) => {
  if (who === undefined || names.length === 0) throw new UsageError(`needs ${WHO}, and roles`);
  const { roles } = parseInput(ChangeUserDto, { roles: names });
  return host.withApp(async (app) => {
    const { id } = await found('user', who, app.get(UsersService).find(who));
    return shown(
      await app.get(UsersAdminService).change(OPERATOR, id, { profile: {}, roles }),
      options,
      host,
    );
  });
};

export const usersDisableCommand: Command = async (args, options, host) =>
  withStatus('disabled', args, options, host);

export const usersEnableCommand: Command = async (args, options, host) =>
  withStatus('active', args, options, host);

/** Asks for confirmation: a deleted user cannot be restored. */
export const usersDeleteCommand: Command = async (args, { yes }, { out, err, ask, withApp }) => {
  const who = only(args, WHO);
  return withApp(async (app) => {
    const { id, email } = await found('user', who, app.get(UsersService).find(who));
    const sure = yes || (await ask(`Delete ${email} (${id}) permanently? Type yes: `)) === 'yes';
    if (!sure) {
      err(`latchkey: ${email} was not deleted; --yes deletes without a question\n`);
      return EXIT.refused;
    }
    await app.get(UsersAdminService).delete(OPERATOR, id);
    out(`${email} is deleted.\n`);
    return EXIT.done;
  });
};

async function withStatus(
  status: UserStatus,
  args: readonly string[],
  options: CommandOptions,
  host: CommandHost,
): Promise<number> {
  const who = only(args, WHO);
  return host.withApp(async (app: INestApplicationContext) => {
    const { id } = await found('user', who, app.get(UsersService).find(who));
    return shown(
      await app.get(UsersAdminService).change(OPERATOR, id, { profile: {}, status }),
      options,
      host,
    );
  });
}

async function newPassword(host: CommandHost, whose: string): Promise<string> {
  const password = await host.password(`New password of ${whose}: `);
  if (password === undefined) throw new UsageError('no password on standard input');
  return password;
}

function shown(user: UserRecord, { json }: CommandOptions, { out }: CommandHost): number {
  const dto = toUserDto(user);
  out(json ? `${JSON.stringify(dto)}\n` : record(lines(dto)));
  return EXIT.done;
}

function lines({ roles, scopes, ...user }: UserDto): Record<string, string> {
  const {
    id,
    email,
    email_verified: emailVerified,
    username,
    full_name: fullName,
    status,
    created_at: createdAt,
    updated_at: updatedAt,
  } = user;
  return {
    id,
    email,
    'address proved': emailVerified ? 'yes' : 'no',
    'user name': username ?? '-',
    'full name': fullName ?? '-',
    status,
    roles: roles.join(' ') || '-',
    scopes: scopes.join(' ') || '-',
    created: createdAt,
    updated: updatedAt,
  };
}

function row({ id, email, username, status, roles, createdAt }: UserRecord): string[] {
  return [id, status, createdAt.toISOString(), email, username ?? '-', roles.join(' ')];
}
