import type { Command, OptionName } from './command.js';

export interface CommandEntry {
  /** Loads the code on first use, so that `--help` stays fast. */
  readonly load: () => Promise<Command>;
  /** In the syntax of commander: `<required> [optional]`. */
  readonly arguments: string;
  readonly does: string;
  /** Further lines of `--help`. */
  readonly more?: readonly string[];
  readonly options: readonly OptionName[];
}

const WHO = '<who> is an id, an e-mail address or a user name.';
const PASSWORD =
  'The password is typed at the terminal without an echo, or is the first line of standard input.';

const users = () => import('./users.command.js');
const sessions = () => import('./sessions.command.js');

/** Every command by its name, in the order of the help. */
export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  migrate: {
    load: async () => (await import('./migrate.command.js')).migrateCommand,
    arguments: '',
    does: 'run the pending migrations, or with --plan only list them',
    options: ['plan', 'json'],
  },
  backup: {
    load: async () => (await import('./backup.command.js')).backupCommand,
    arguments: '<file>',
    does: 'write every table to a file, or with "-" to standard output, while the service runs',
    more: ['The file holds password hashes. Restoring it needs the root secret, which it does not hold.'],
    options: ['force'],
  },
  restore: {
    load: async () => (await import('./restore.command.js')).restoreCommand,
    arguments: '<file>',
    does: 'restore a backup into an empty database; "-" reads standard input',
    more: [
      'Ends the sessions and revokes the tokens of the backup, unless --keep-sessions is given: for a move, where the service',
      'was stopped before the backup and has not run since.',
      'With --dry-run the command reads the whole file, checks it and uses no database.',
    ],
    options: ['keep-sessions', 'dry-run'],
  },
  'users list': {
    load: async () => (await users()).usersListCommand,
    arguments: '',
    does: 'list users',
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
    does: 'create a user, with the role "user" unless --role names others',
    more: [PASSWORD],
    options: ['email', 'username', 'role', 'json'],
  },
  'users set-password': {
    load: async () => (await users()).usersSetPasswordCommand,
    arguments: '<who>',
    does: 'give a user a generated password, which must be changed at the next login, and end all their sessions',
    more: [WHO],
    options: ['stdin'],
  },
  'users roles': {
    load: async () => (await users()).usersRolesCommand,
    arguments: '<who> <role...>',
    does: 'replace the roles of a user',
    more: [WHO],
    options: ['json'],
  },
  'users disable': {
    load: async () => (await users()).usersDisableCommand,
    arguments: '<who>',
    does: 'disable a user and end all their sessions',
    more: [WHO],
    options: ['json'],
  },
  'users enable': {
    load: async () => (await users()).usersEnableCommand,
    arguments: '<who>',
    does: 'let a disabled user log in again; ended sessions stay ended',
    more: [WHO],
    options: ['json'],
  },
  'users delete': {
    load: async () => (await users()).usersDeleteCommand,
    arguments: '<who>',
    does: 'delete a user and their sessions permanently',
    more: [WHO, 'Without --yes the command asks for confirmation; without a terminal it refuses.'],
    options: ['yes'],
  },
  'users import': {
    load: async () => (await import('./users-import.command.js')).usersImportCommand,
    arguments: '<file>',
    does: 'import users with their password hashes, after a known password has verified',
    more: [
      '<format> is auth0, supabase, firebase, keycloak, wordpress, django, aspnet, spring, laravel, devise, better-auth or',
      'ldap, or csv or ndjson for the fields of users export. docs/moving.md says how each system exports its users.',
      'A user whose address or user name another account holds is reported and not imported. With --take-over that account',
      'gets the names and the password hash of the file, and its sessions end; its id and roles stay.',
    ],
    options: ['prove', 'without-proof', 'dry-run', 'take-over', 'format', 'firebase', 'json'],
  },
  'users export': {
    load: async () => (await import('./users-export.command.js')).usersExportCommand,
    arguments: '[file]',
    does: 'write every user with their password hash, in the format of users import',
    options: [],
  },
  'sessions list': {
    load: async () => (await sessions()).sessionsListCommand,
    arguments: '<who>',
    does: 'list the live sessions of a user, oldest first',
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
    does: 'list the roles and their scopes',
    options: ['json'],
  },
  'roles put': {
    load: async () => (await import('./roles.command.js')).rolesPutCommand,
    arguments: '<role> [scopes...]',
    does: 'create a role, or replace its scopes',
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
    does: 'list the clients and when their secrets end',
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
    does: 'create a client for the client credentials grant, and show its secret once',
    options: ['resources', 'json'],
  },
  'clients rotate-secret': {
    load: async () => (await import('./clients.command.js')).clientsRotateSecretCommand,
    arguments: '<client>',
    does: 'create a new secret of a client and show it once; the former secret stays valid for --overlap seconds',
    options: ['overlap', 'json'],
  },
  'clients delete': {
    load: async () => (await import('./clients.command.js')).clientsDeleteCommand,
    arguments: '<client>',
    does: 'delete a client; its tokens are refused within a second',
    options: ['yes'],
  },
  'keys list': {
    load: async () => (await import('./keys.command.js')).keysListCommand,
    arguments: '',
    does: 'list the signing keys with their states and times',
    options: ['json'],
  },
  'keys rotate': {
    load: async () => (await import('./keys.command.js')).keysRotateCommand,
    arguments: '',
    does: 'schedule a successor of the active key, or replace a compromised key at once',
    options: ['compromised', 'json'],
  },
  revoke: {
    load: async () => (await import('./revoke.command.js')).revokeCommand,
    arguments: '<kind> [subject]',
    does: 'end the sessions of a subject; its tokens are refused within a second',
    more: [
      '<kind> is session, user, client, key or all; all takes no subject.',
      '[subject] is the id of a session or client, a kid, or the id, e-mail address or user name of a user.',
    ],
    options: ['reason', 'json'],
  },
  incident: {
    load: async () => (await import('./incident.command.js')).incidentCommand,
    arguments: '',
    does: 'list sessions by time, user, client, key or address, and with --yes end them',
    more: [
      'The command selects the sessions that meet every condition. --kid cannot be combined with others: it stops the use',
      'of the key and ends the sessions whose refresh token the key signed.',
      'Without --yes the command asks for confirmation; without a terminal it only reports.',
      'Sessions end in batches. To continue after an interruption, run the command again with the same --issued-before.',
    ],
    options: ['issued-before', 'user', 'client', 'kid', 'ip', 'reason', 'yes', 'json'],
  },
  'audit list': {
    load: async () => (await import('./audit-list.command.js')).auditListCommand,
    arguments: '',
    does: 'list the events of the audit log, newest first',
    options: ['action', 'actor', 'subject', 'since', 'limit', 'after', 'json'],
  },
  'audit verify': {
    load: async () => (await import('./audit-verify.command.js')).auditVerifyCommand,
    arguments: '[checkpoint]',
    does: 'find the first audit event that was removed, edited, added or reordered',
    more: [
      'A checkpoint is the end of the log at an earlier time: the service logs one with each seal ("audit log sealed").',
      'With one that was kept elsewhere, the command also finds whether the end of the log was removed since.',
    ],
    options: ['checkpoint', 'json'],
  },
  'audit handover': {
    load: async () => (await import('./audit-handover.command.js')).auditHandoverCommand,
    arguments: '',
    does: 'hand the audit log over from a root secret that was removed from the settings',
    more: [
      'A former root secret that the settings still name is handed over by the service itself.',
      'The file holds the former ROOT_SECRET or SECRET_KEY, or the private key in PEM where there was neither.',
    ],
    options: ['old-secret-file', 'json'],
  },
  'token explain': {
    load: async () => (await import('./explain.command.js')).explainCommand,
    arguments: '<token>',
    does: 'print the content of a token and why it would be refused; "-" reads the token from standard input',
    more: [
      'The settings do not hold the keys of the key ring: --url fetches them from the running service, and asks it about the token.',
    ],
    options: ['url', 'json'],
  },
  doctor: {
    load: async () => (await import('./doctor/doctor.command.js')).doctorCommand,
    arguments: '',
    does: 'check settings, database, clock, keys and proxies, and print what to fix',
    options: ['json'],
  },
};
