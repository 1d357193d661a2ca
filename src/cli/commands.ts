import type { Command, OptionName } from './command.js';

export interface CommandEntry {
  /** Loaded when it is called: most commands need a small part of the service. */
  readonly load: () => Promise<Command>;
  /** In the form of commander: `<required> [optional]`. */
  readonly arguments: string;
  readonly does: string;
  /** What `--help` says beyond that, in whole lines. */
  readonly more?: readonly string[];
  readonly options: readonly OptionName[];
}

const WHO = '<who> is an id, an e-mail address or a user name.';
const PASSWORD = 'The password is asked for without an echo, or is the first line of standard input.';

const users = () => import('./users.command.js');
const sessions = () => import('./sessions.command.js');

/** Every command by its name, in the order of the help. */
export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  migrate: {
    load: async () => (await import('./migrate.command.js')).migrateCommand,
    arguments: '',
    does: 'bring the database up to date; --plan only says what would run',
    options: ['plan', 'json'],
  },
  'users list': {
    load: async () => (await users()).usersListCommand,
    arguments: '',
    does: 'show users, a hundred where no --limit is given',
    options: ['email-prefix', 'limit', 'after', 'json'],
  },
  'users show': {
    load: async () => (await users()).usersShowCommand,
    arguments: '<who>',
    does: 'show a user',
    more: [WHO],
    options: ['json'],
  },
  'users create': {
    load: async () => (await users()).usersCreateCommand,
    arguments: '',
    does: 'create a user; the role is "user" where none is named',
    more: [PASSWORD],
    options: ['email', 'username', 'role', 'json'],
  },
  'users set-password': {
    load: async () => (await users()).usersSetPasswordCommand,
    arguments: '<who>',
    does: 'give a user a new password; all their sessions end',
    more: [WHO, PASSWORD],
    options: [],
  },
  'users roles': {
    load: async () => (await users()).usersRolesCommand,
    arguments: '<who> <role...>',
    does: 'make these the roles of a user, in place of those they have',
    more: [WHO],
    options: ['json'],
  },
  'users disable': {
    load: async () => (await users()).usersDisableCommand,
    arguments: '<who>',
    does: 'disable a user; all their sessions end',
    more: [WHO],
    options: ['json'],
  },
  'users enable': {
    load: async () => (await users()).usersEnableCommand,
    arguments: '<who>',
    does: 'let a disabled user log in again; old sessions stay dead',
    more: [WHO],
    options: ['json'],
  },
  'users delete': {
    load: async () => (await users()).usersDeleteCommand,
    arguments: '<who>',
    does: 'delete a user with their sessions, for good',
    more: [WHO, 'Without --yes it asks, or where nobody can be asked refuses.'],
    options: ['yes'],
  },
  'users import': {
    load: async () => (await import('./users-import.command.js')).usersImportCommand,
    arguments: '<file>',
    does: 'take over users with their password hashes, once a known password verifies',
    options: ['prove', 'without-proof', 'dry-run', 'format', 'firebase', 'json'],
  },
  'users export': {
    load: async () => (await import('./users-export.command.js')).usersExportCommand,
    arguments: '[file]',
    does: 'write every user with their password hash, as users import reads them',
    options: [],
  },
  'sessions list': {
    load: async () => (await sessions()).sessionsListCommand,
    arguments: '<who>',
    does: 'show the live sessions of a user, oldest first',
    more: [WHO],
    options: ['limit', 'after', 'json'],
  },
  'sessions end': {
    load: async () => (await sessions()).sessionsEndCommand,
    arguments: '[session]',
    does: 'end one session, or every session of a user',
    more: [WHO],
    options: ['user'],
  },
  'roles list': {
    load: async () => (await import('./roles.command.js')).rolesListCommand,
    arguments: '',
    does: 'show the roles and their scopes',
    options: ['json'],
  },
  'roles put': {
    load: async () => (await import('./roles.command.js')).rolesPutCommand,
    arguments: '<role> [scopes...]',
    does: 'make these the scopes of a role, which is created where there is none',
    options: ['json'],
  },
  'roles delete': {
    load: async () => (await import('./roles.command.js')).rolesDeleteCommand,
    arguments: '<role>',
    does: 'delete a role that no user holds',
    options: [],
  },
  'clients list': {
    load: async () => (await import('./clients.command.js')).clientsListCommand,
    arguments: '',
    does: 'show the clients and when their secrets end',
    options: ['limit', 'after', 'json'],
  },
  'clients show': {
    load: async () => (await import('./clients.command.js')).clientsShowCommand,
    arguments: '<client>',
    does: 'show a client and when its secrets end',
    options: ['json'],
  },
  'clients create': {
    load: async () => (await import('./clients.command.js')).clientsCreateCommand,
    arguments: '<name> [scopes...]',
    does: 'create a client for the client credentials grant, and show its secret this one time',
    options: ['json'],
  },
  'clients rotate-secret': {
    load: async () => (await import('./clients.command.js')).clientsRotateSecretCommand,
    arguments: '<client>',
    does: 'give a client a new secret, shown this one time; the former one stays valid for --overlap seconds',
    options: ['overlap', 'json'],
  },
  'clients delete': {
    load: async () => (await import('./clients.command.js')).clientsDeleteCommand,
    arguments: '<client>',
    does: 'delete a client; its tokens are dead within a second',
    options: ['yes'],
  },
  'keys list': {
    load: async () => (await import('./keys.command.js')).keysListCommand,
    arguments: '',
    does: 'show the signing keys, their states and times',
    options: ['json'],
  },
  'keys rotate': {
    load: async () => (await import('./keys.command.js')).keysRotateCommand,
    arguments: '',
    does: 'plan a successor of the active key, or drop a compromised key at once',
    options: ['compromised', 'json'],
  },
  revoke: {
    load: async () => (await import('./revoke.command.js')).revokeCommand,
    arguments: '<kind> [subject]',
    does: 'kill every token of a subject within a second, and end the sessions',
    more: [
      '<kind> is session, user, client, key or all; "all" has no subject.',
      '[subject] is the id of a session or client, a kid, or the id, e-mail address or user name of a user.',
    ],
    options: ['reason', 'json'],
  },
  incident: {
    load: async () => (await import('./incident.command.js')).incidentCommand,
    arguments: '',
    does: 'say what such sessions are, and with --yes end them',
    more: [
      'Sessions that meet every condition: opened before TIME (RFC 3339; now, where none is given), of WHO, of the client,',
      'from the address. --kid stands alone: it drops the key and ends the sessions whose refresh token it signed.',
      'Without --yes it asks at a terminal, and elsewhere only says what it would do.',
      'It goes in batches. Broken off, it goes on where it is run again, with the same TIME.',
    ],
    options: ['issued-before', 'user', 'client', 'kid', 'ip', 'reason', 'yes', 'json'],
  },
  'audit list': {
    load: async () => (await import('./audit-list.command.js')).auditListCommand,
    arguments: '',
    does: 'show who did what, newest first',
    options: ['action', 'actor', 'subject', 'since', 'limit', 'after', 'json'],
  },
  'audit verify': {
    load: async () => (await import('./audit-verify.command.js')).auditVerifyCommand,
    arguments: '[checkpoint]',
    does: 'find the first audit event that was removed, edited, added or reordered',
    options: ['json'],
  },
  'token explain': {
    load: async () => (await import('./explain.command.js')).explainCommand,
    arguments: '<token>',
    does: 'print what a token says and why it would be refused; - reads it from standard input',
    more: ['Keys of the ring are in no settings: --url takes them from the service there, and asks it.'],
    options: ['url', 'json'],
  },
  doctor: {
    load: async () => (await import('./doctor/doctor.command.js')).doctorCommand,
    arguments: '',
    does: 'look at settings, database, clock, keys and proxies, and say what to fix',
    options: ['json'],
  },
};
