import type { INestApplicationContext } from '@nestjs/common';
import type { Readable, Writable } from 'node:stream';

/** Runs a command with its arguments and options. Returns the exit status. */
export type Command = (
  args: readonly string[],
  options: CommandOptions,
  host: CommandHost,
) => Promise<number>;

/** Every option, with its flags in the syntax of commander and its help text. commands.ts lists the options of each command. */
export const OPTIONS = {
  plan: ['--plan', 'only say what would run'],
  json: ['--json', 'print JSON'],
  yes: ['--yes', 'do not ask for confirmation'],
  compromised: ['--compromised <kid>', 'a key to stop using and accepting at once'],
  url: ['--url <url>', 'the URL of the running service'],
  'dry-run': ['--dry-run', 'read the file and change nothing'],
  prove: ['--prove <email>', 'the user whose password is asked for and must verify'],
  'without-proof': ['--without-proof', 'import without verifying a known password'],
  format: ['--format <format>', 'the system that wrote the file; default: Latchkey, as ndjson or csv'],
  'take-over': ['--take-over', 'give accounts that hold an address or user name of the file to its users'],
  firebase: ['--firebase <file>', 'the hash parameters of a Firebase project'],
  'email-prefix': ['--email-prefix <prefix>', 'only users whose e-mail address begins with this'],
  limit: ['--limit <number>', 'how many to show at most; default 100'],
  after: ['--after <id>', 'continue after this id, the last one of the previous page'],
  stdin: ['--stdin', 'read the password from the terminal, or the first line of standard input'],
  email: ['--email <email>', 'the e-mail address'],
  username: ['--username <name>', 'the user name'],
  role: ['--role <role>', 'a role; may be repeated'],
  reason: ['--reason <text>', 'a text for the audit log and for services that follow revocations'],
  user: ['--user <who>', 'a user: id, e-mail address or user name'],
  client: ['--client <id>', 'a client'],
  kid: ['--kid <kid>', 'a signing key'],
  ip: ['--ip <address>', 'an address, or a range in CIDR notation'],
  'issued-before': [
    '--issued-before <time>',
    'only sessions opened before this time (RFC 3339); default now',
  ],
  action: ['--action <action>', 'only events of this action'],
  actor: ['--actor <id>', 'only events of this actor'],
  subject: ['--subject <id>', 'only events about this subject'],
  since: ['--since <time>', 'only events since this time (RFC 3339)'],
  force: ['--force', 'replace a file that exists'],
  'keep-sessions': ['--keep-sessions', 'sessions and tokens of the time of the backup go on'],
  checkpoint: ['--checkpoint <checkpoint>', 'an earlier end of the audit log, kept elsewhere'],
  'old-secret-file': ['--old-secret-file <file>', 'the file with the former secret'],
  resources: [
    '--resources <identifiers>',
    'applications whose tokens the client may introspect, comma-separated; default: the first of JWT_AUDIENCE',
  ],
  overlap: ['--overlap <seconds>', 'how long the former secret stays valid; default 86400'],
} as const;

export type OptionName = keyof typeof OPTIONS;

export interface CommandOptions {
  readonly plan: boolean;
  readonly json: boolean;
  /** Reads a password instead of generating one. */
  readonly stdin: boolean;
  /** Skips the question for confirmation. */
  readonly yes: boolean;
  /** The `kid` of a compromised key. */
  readonly compromised?: string | undefined;
  /** The URL of the running service. */
  readonly url?: string | undefined;
  /** Reports and changes nothing. */
  readonly dryRun: boolean;
  /** The e-mail address of the user whose password must verify. */
  readonly prove?: string | undefined;
  readonly withoutProof: boolean;
  /** Replaces a file that exists. */
  readonly force: boolean;
  readonly keepSessions: boolean;
  /** Replaces the hash of accounts that hold names of the file, and ends their sessions. */
  readonly takeOver: boolean;
  /** The system that wrote the file, or `csv` or `ndjson` for Latchkey's own format. */
  readonly format?: string | undefined;
  /** The file with the hash parameters of a Firebase project. */
  readonly firebase?: string | undefined;
  readonly emailPrefix?: string | undefined;
  readonly limit?: string | undefined;
  /** Identifiers of applications, comma-separated. */
  readonly resources?: string | undefined;
  /** Seconds. */
  readonly overlap?: string | undefined;
  /** The last id of the previous page. */
  readonly after?: string | undefined;
  readonly email?: string | undefined;
  readonly username?: string | undefined;
  readonly role?: readonly string[] | undefined;
  readonly reason?: string | undefined;
  /** An id, e-mail address or user name. */
  readonly user?: string | undefined;
  readonly client?: string | undefined;
  readonly kid?: string | undefined;
  /** An address or a CIDR range. */
  readonly ip?: string | undefined;
  /** RFC 3339. */
  readonly issuedBefore?: string | undefined;
  readonly action?: string | undefined;
  readonly actor?: string | undefined;
  readonly subject?: string | undefined;
  /** RFC 3339. */
  readonly since?: string | undefined;
  /** An end of the audit log, as the log of the service and `audit verify` print it. */
  readonly checkpoint?: string | undefined;
  readonly oldSecretFile?: string | undefined;
}

export interface AppOptions {
  /** A command that only reads does not migrate. It is refused if migrations of this version have not run. */
  readonly readsOnly?: boolean;
}

/** For {@link CommandHost.withApp}. */
export const READS_ONLY: AppOptions = { readsOnly: true };

/** The surroundings of a command: the process, or a test. */
export interface CommandHost {
  /** Writes the result, to standard output. */
  readonly out: (text: string) => void;
  /** Standard output as a stream with backpressure, for results that do not fit in memory. */
  readonly stream: Writable;
  /** Standard input, for a file that the operator names `-`. */
  readonly input: Readable;
  /** Writes errors and hints, to standard error. */
  readonly err: (text: string) => void;
  /** Shows the progress of long work: the number of finished items, and a text. */
  readonly progress: (done: number, text: string) => void;
  /** A password, typed without an echo or from the first line of standard input; undefined if there is none. */
  readonly password: (question: string) => Promise<string | undefined>;
  /** The answer that the operator types; undefined if there is no terminal. */
  readonly ask: (question: string) => Promise<string | undefined>;
  /** Runs `work` inside the service without HTTP. @throws ConfigError, the database's errors */
  readonly withApp: <T>(
    work: (app: INestApplicationContext) => Promise<T>,
    options?: AppOptions,
  ) => Promise<T>;
}

/** Arguments or options are missing or wrong; exit status 2. */
export class UsageError extends Error {
  override name = 'UsageError';
}

/** Exit statuses, listed in docs/operations.md. The last two come from sysexits.h. */
export const EXIT = { done: 0, refused: 1, usage: 2, unavailable: 69, config: 78 } as const;
