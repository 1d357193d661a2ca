import type { Command, OptionName } from './command.js';

export interface CommandEntry {
  /** Loaded when it is called: most commands need a small part of the service. */
  readonly load: () => Promise<Command>;
  readonly usage: string;
  readonly does: string;
  /** What `--help` says beyond that, in whole lines. */
  readonly more?: readonly string[];
  readonly options: readonly OptionName[];
}

const WHO = 'WHO is an id, an e-mail address or a user name.';
const PASSWORD = 'The password is asked for without an echo, or is the first line of standard input.';

const users = () => import('./users.command.js');
const sessions = () => import('./sessions.command.js');

/** Every command by its name, in the order of the help. */
export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  migrate: {
    load: async () => (await import('./migrate.command.js')).migrateCommand,
    usage: 'migrate [--plan] [--json]',
    does: 'bring the database up to date; --plan only says what would run',
    options: ['plan', 'json'],
  },
  'users list': {
    load: async () => (await users()).usersListCommand,
    usage: 'users list [--email-prefix P] [--limit N] [--after ID] [--json]',
    does: 'show users, a hundred where no --limit is given',
    options: ['email-prefix', 'limit', 'after', 'json'],
  },
  'users show': {
    load: async () => (await users()).usersShowCommand,
    usage: 'users show WHO [--json]',
    does: 'show a user',
    more: [WHO],
    options: ['json'],
  },
  'users create': {
    load: async () => (await users()).usersCreateCommand,
    usage: 'users create --email EMAIL [--username NAME] [--role ROLE]... [--json]',
    does: 'create a user; the role is "user" where none is named',
    more: [PASSWORD],
    options: ['email', 'username', 'role', 'json'],
  },
  'users set-password': {
    load: async () => (await users()).usersSetPasswordCommand,
    usage: 'users set-password WHO',
    does: 'give a user a new password; all their sessions end',
    more: [WHO, PASSWORD],
    options: [],
  },
  'users roles': {
    load: async () => (await users()).usersRolesCommand,
    usage: 'users roles WHO ROLE...',
    does: 'make these the roles of a user, in place of those they have',
    more: [WHO],
    options: ['json'],
  },
  'users disable': {
    load: async () => (await users()).usersDisableCommand,
    usage: 'users disable WHO',
    does: 'disable a user; all their sessions end',
    more: [WHO],
    options: ['json'],
  },
  'users enable': {
    load: async () => (await users()).usersEnableCommand,
    usage: 'users enable WHO',
    does: 'let a disabled user log in again; old sessions stay dead',
    more: [WHO],
    options: ['json'],
  },
  'users delete': {
    load: async () => (await users()).usersDeleteCommand,
    usage: 'users delete WHO --yes',
    does: 'delete a user with their sessions, for good',
    more: [WHO, 'Without --yes it asks, or where nobody can be asked refuses.'],
    options: ['yes'],
  },
  'users import': {
    load: async () => (await import('./users-import.command.js')).usersImportCommand,
    usage: 'users import FILE --prove EMAIL [--dry-run] [--json]',
    does: 'take over users with their password hashes, once a known password verifies',
    more: [
      '--without-proof   imports without a password that is known',
      '--format FORMAT   csv or ndjson, where the name of the file does not say',
      '--firebase FILE   the hash parameters of a Firebase project',
    ],
    options: ['prove', 'without-proof', 'dry-run', 'format', 'firebase', 'json'],
  },
  'users export': {
    load: async () => (await import('./users-export.command.js')).usersExportCommand,
    usage: 'users export [FILE]',
    does: 'write every user with their password hash, as users import reads them',
    options: [],
  },
  'sessions list': {
    load: async () => (await sessions()).sessionsListCommand,
    usage: 'sessions list WHO [--limit N] [--after ID] [--json]',
    does: 'show the live sessions of a user, oldest first',
    more: [WHO],
    options: ['limit', 'after', 'json'],
  },
  'sessions end': {
    load: async () => (await sessions()).sessionsEndCommand,
    usage: 'sessions end SESSION-ID | --user WHO',
    does: 'end one session, or every session of a user',
    more: [WHO],
    options: ['user'],
  },
  'keys list': {
    load: async () => (await import('./keys.command.js')).keysListCommand,
    usage: 'keys list [--json]',
    does: 'show the signing keys, their states and times',
    options: ['json'],
  },
  'keys rotate': {
    load: async () => (await import('./keys.command.js')).keysRotateCommand,
    usage: 'keys rotate [--compromised KID] [--json]',
    does: 'plan a successor of the active key, or drop a compromised key at once',
    options: ['compromised', 'json'],
  },
  revoke: {
    load: async () => (await import('./revoke.command.js')).revokeCommand,
    usage: 'revoke session|user|client|key|all [SUBJECT] --reason TEXT [--json]',
    does: 'kill every token of a subject within a second, and end the sessions',
    more: [
      'SUBJECT is the id of a session or client, a kid, or an id, an e-mail address or a user name. "all" has none.',
      'What the service does not know is revoked all the same: a token of it may be alive.',
    ],
    options: ['reason', 'json'],
  },
  incident: {
    load: async () => (await import('./incident.command.js')).incidentCommand,
    usage: 'incident [--issued-before TIME] [--user WHO] [--client ID] [--ip ADDRESS|CIDR] | --kid KID',
    does: 'say what such sessions are, and with --yes end them',
    more: [
      'Sessions that meet every condition: opened before TIME (RFC 3339; now, where none is given), of WHO, of the client,',
      'from the address. --kid stands alone: it drops the key and ends the sessions whose refresh token it signed.',
      '--yes             ends them; without it, it asks at a terminal, and elsewhere only says what it would do',
      '--reason TEXT     what the audit log and the services that follow revocations are told',
      'It goes in batches. Broken off, it goes on where it is run again, with the same TIME.',
    ],
    options: ['issued-before', 'user', 'client', 'kid', 'ip', 'reason', 'yes', 'json'],
  },
  'audit list': {
    load: async () => (await import('./audit-list.command.js')).auditListCommand,
    usage:
      'audit list [--action A] [--actor ID] [--subject ID] [--since TIME] [--limit N] [--after ID] [--json]',
    does: 'show who did what, newest first',
    options: ['action', 'actor', 'subject', 'since', 'limit', 'after', 'json'],
  },
  'audit verify': {
    load: async () => (await import('./audit-verify.command.js')).auditVerifyCommand,
    usage: 'audit verify [checkpoint] [--json]',
    does: 'find the first audit event that was removed, edited, added or reordered',
    options: ['json'],
  },
  'token explain': {
    load: async () => (await import('./explain.command.js')).explainCommand,
    usage: 'token explain <token | -> [--url URL] [--json]',
    does: 'print what a token says and why it would be refused; - reads it from standard input',
    more: ['Keys of the ring are in no settings: --url takes them from the service there, and asks it.'],
    options: ['url', 'json'],
  },
  doctor: {
    load: async () => (await import('./doctor.command.js')).doctorCommand,
    usage: 'doctor [--json]',
    does: 'look at settings, database, clock, keys and proxies, and say what to fix',
    options: ['json'],
  },
};

const STATUSES =
  'Exit status: 0 done, 1 refused or not there, 2 usage, 69 no database or no answer, 78 settings.';

/** What the command line can do; of a group (`users`) what that can. */
export function overview(group?: string): string {
  const names = Object.keys(COMMANDS).filter((name) => group === undefined || name.startsWith(`${group} `));
  const lines = names.map((name) => `  ${name.padEnd(20)}${COMMANDS[name]?.does ?? ''}`);
  const how = 'latchkey <command> --help says how it is called.';
  return `usage: latchkey <command>\n\n${lines.join('\n')}\n\n${how}\n${STATUSES}\n`;
}

/** How one command is called. */
export function helpOf({ usage, does, more = [] }: CommandEntry): string {
  const text = more.map((line) => `  ${line}\n`).join('');
  return `usage: latchkey ${usage}\n\n  ${does}\n${text === '' ? '' : `\n${text}`}\n${STATUSES}\n`;
}
