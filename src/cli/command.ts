import type { INestApplicationContext } from '@nestjs/common';
import type { Writable } from 'node:stream';

/** A command: what it is called with, where it runs, and its exit status. */
export type Command = (
  args: readonly string[],
  options: CommandOptions,
  host: CommandHost,
) => Promise<number>;

/** Every option of every command, with its flags in the form of commander and its help. A command names its own in commands.ts. */
export const OPTIONS = {
  plan: ['--plan', 'only say what would run'],
  json: ['--json', 'print JSON'],
  yes: ['--yes', 'do it without a question'],
  compromised: ['--compromised <kid>', 'the key to drop at once'],
  url: ['--url <url>', 'where the running service answers'],
  'dry-run': ['--dry-run', 'read the file and change nothing'],
  prove: ['--prove <email>', 'the user whose password is asked for and must verify'],
  'without-proof': ['--without-proof', 'import without a password that is known'],
  format: ['--format <format>', 'csv or ndjson; by the name of the file where absent'],
  firebase: ['--firebase <file>', 'the hash parameters of a Firebase project'],
  'email-prefix': ['--email-prefix <prefix>', 'only users whose e-mail address begins so'],
  limit: ['--limit <number>', 'how many to show at most; 100 where absent'],
  after: ['--after <id>', 'go on after the last id of the page before'],
  email: ['--email <email>', 'the e-mail address'],
  username: ['--username <name>', 'the user name'],
  role: ['--role <role>', 'a role; may be repeated'],
  reason: ['--reason <text>', 'what the audit log and the services that follow revocations read'],
  user: ['--user <who>', 'a user: id, e-mail address or user name'],
  client: ['--client <id>', 'a client'],
  kid: ['--kid <kid>', 'a signing key'],
  ip: ['--ip <address>', 'an address, or a range in CIDR notation'],
  'issued-before': [
    '--issued-before <time>',
    'only sessions opened before this time (RFC 3339); now where absent',
  ],
  action: ['--action <action>', 'only events of this action'],
  actor: ['--actor <id>', 'only events of this actor'],
  subject: ['--subject <id>', 'only events about this subject'],
  since: ['--since <time>', 'only events since this time (RFC 3339)'],
  overlap: ['--overlap <seconds>', 'how long the former secret stays valid; 86400 where absent'],
} as const;

export type OptionName = keyof typeof OPTIONS;

export interface CommandOptions {
  readonly plan: boolean;
  readonly json: boolean;
  /** Does it without a question. */
  readonly yes: boolean;
  /** The `kid` of a key to drop. */
  readonly compromised?: string | undefined;
  /** Where the running service answers. */
  readonly url?: string | undefined;
  /** Looks and changes nothing. */
  readonly dryRun: boolean;
  /** The e-mail address of the user whose password has to verify. */
  readonly prove?: string | undefined;
  readonly withoutProof: boolean;
  /** `csv` or `ndjson`; by the file's name where absent. */
  readonly format?: string | undefined;
  /** The file with the hash parameters of a Firebase project. */
  readonly firebase?: string | undefined;
  readonly emailPrefix?: string | undefined;
  readonly limit?: string | undefined;
  /** Seconds. */
  readonly overlap?: string | undefined;
  /** The last id of the page before. */
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
}

export interface AppOptions {
  /** What only shows something is refused where the database is behind this version, and does not migrate it. */
  readonly readsOnly?: boolean;
}

/** For {@link CommandHost.withApp}. */
export const READS_ONLY: AppOptions = { readsOnly: true };

/** Where a command runs: the process, or a test. */
export interface CommandHost {
  /** What was asked for. */
  readonly out: (text: string) => void;
  /** The same, for what is too much to hold: it takes as much as is read from it. */
  readonly stream: Writable;
  /** What went wrong, and how far it is. */
  readonly err: (text: string) => void;
  /** Shows how far long work is; `done` of so many, and the text that says so. */
  readonly progress: (done: number, text: string) => void;
  /** A password, typed without an echo or the first line of standard input; undefined where there is none. */
  readonly password: (question: string) => Promise<string | undefined>;
  /** What somebody types at a terminal; undefined where there is nobody to ask. */
  readonly ask: (question: string) => Promise<string | undefined>;
  /** Runs `work` inside the service without its HTTP side. @throws ConfigError, the database's errors */
  readonly withApp: <T>(
    work: (app: INestApplicationContext) => Promise<T>,
    options?: AppOptions,
  ) => Promise<T>;
}

/** The command line was called in a way that makes no sense; exit status 2. */
export class UsageError extends Error {
  override name = 'UsageError';
}

/** Exit statuses, as docs/operations.md lists them. The last two are those of sysexits.h. */
export const EXIT = { done: 0, refused: 1, usage: 2, unavailable: 69, config: 78 } as const;
