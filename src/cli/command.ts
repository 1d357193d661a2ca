import type { INestApplicationContext } from '@nestjs/common';
import type { Writable } from 'node:stream';

/** A command: what it is called with, where it runs, and its exit status. */
export type Command = (
  args: readonly string[],
  options: CommandOptions,
  host: CommandHost,
) => Promise<number>;

/** Every option of every command; a command takes those it names in commands.ts. */
export const OPTIONS = {
  plan: { type: 'boolean' },
  json: { type: 'boolean' },
  yes: { type: 'boolean' },
  compromised: { type: 'string' },
  url: { type: 'string' },
  'dry-run': { type: 'boolean' },
  prove: { type: 'string' },
  'without-proof': { type: 'boolean' },
  format: { type: 'string' },
  firebase: { type: 'string' },
  'email-prefix': { type: 'string' },
  limit: { type: 'string' },
  after: { type: 'string' },
  email: { type: 'string' },
  username: { type: 'string' },
  role: { type: 'string', multiple: true },
  reason: { type: 'string' },
  user: { type: 'string' },
  client: { type: 'string' },
  kid: { type: 'string' },
  ip: { type: 'string' },
  'issued-before': { type: 'string' },
  action: { type: 'string' },
  actor: { type: 'string' },
  subject: { type: 'string' },
  since: { type: 'string' },
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
