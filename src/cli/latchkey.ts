import 'reflect-metadata';
import { parseArgs } from 'node:util';
import type { Command } from './command.js';

const EXIT_USAGE = 2;
/** sysexits.h EX_CONFIG. */
const EXIT_CONFIG = 78;

interface Entry {
  /** Loaded when it is called: most commands need a small part of the service. */
  readonly load: () => Promise<Command>;
  readonly usage: string;
  readonly does: string;
}

const COMMANDS: Readonly<Record<string, Entry>> = {
  migrate: {
    load: async () => (await import('./migrate.command.js')).migrateCommand,
    usage: 'migrate [--plan]',
    does: 'bring the database up to date; --plan only says what would run',
  },
  'keys list': {
    load: async () => (await import('./keys.command.js')).keysListCommand,
    usage: 'keys list [--json]',
    does: 'show the signing keys, their states and times',
  },
  'keys rotate': {
    load: async () => (await import('./keys.command.js')).keysRotateCommand,
    usage: 'keys rotate [--compromised KID]',
    does: 'plan a successor of the active key, or drop a compromised key at once',
  },
  'audit verify': {
    load: async () => (await import('./audit-verify.command.js')).auditVerifyCommand,
    usage: 'audit verify [checkpoint] [--json]',
    does: 'find the first audit event that was removed, edited, added or reordered',
  },
  'users import': {
    load: async () => (await import('./users-import.command.js')).usersImportCommand,
    usage: 'users import FILE --prove EMAIL [--dry-run]',
    does: 'take over users with their password hashes, once a known password verifies',
  },
  'users export': {
    load: async () => (await import('./users-export.command.js')).usersExportCommand,
    usage: 'users export [FILE]',
    does: 'write every user with their password hash, as users import reads them',
  },
  doctor: {
    load: async () => (await import('./doctor.command.js')).doctorCommand,
    usage: 'doctor [--json]',
    does: 'look at settings, database, clock, keys and proxies, and say what to fix',
  },
  'token explain': {
    load: async () => (await import('./explain.command.js')).explainCommand,
    usage: 'token explain <token | -> [--url URL] [--json]',
    does: 'print what a token says and why it would be refused; - reads it from standard input',
  },
};

async function main(argv: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      plan: { type: 'boolean' },
      json: { type: 'boolean' },
      compromised: { type: 'string' },
      url: { type: 'string' },
      'dry-run': { type: 'boolean' },
      prove: { type: 'string' },
      'without-proof': { type: 'boolean' },
      format: { type: 'string' },
      firebase: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  const name = Object.keys(COMMANDS).find((command) => `${positionals.join(' ')} `.startsWith(`${command} `));
  const command = name === undefined ? undefined : COMMANDS[name];
  if (name === undefined || !command || values.help) {
    (values.help ? process.stdout : process.stderr).write(usage());
    return values.help ? 0 : EXIT_USAGE;
  }
  const rest = positionals.slice(name.split(' ').length);
  const run = await command.load();
  const {
    plan = false,
    json = false,
    'dry-run': dryRun = false,
    'without-proof': withoutProof = false,
  } = values;
  const { compromised, url, prove, format, firebase } = values;
  return run(rest, { plan, json, compromised, url, dryRun, prove, withoutProof, format, firebase });
}

/**
 * Our own errors say more in their detail than in their message, which is the code. The detail of the database's may
 * hold a whole row, with its password hash.
 */
function told(error: unknown): string {
  const { name, detail, message } = (error ?? {}) as { name?: unknown; detail?: unknown; message?: unknown };
  if (name === 'AppError' && typeof detail === 'string') return detail;
  return typeof message === 'string' ? message : 'unknown error';
}

function usage(): string {
  const lines = Object.values(COMMANDS).map(({ usage: how, does }) => `  ${how.padEnd(48)}${does}`);
  return `usage: npm run latchkey -- <command>\n\n${lines.join('\n')}\n`;
}

main(process.argv.slice(2))
  .then((status) => (process.exitCode = status))
  .catch((error: unknown) => {
    process.stderr.write(`latchkey: ${told(error)}\n`);
    const badUsage = (error as { code?: string } | null)?.code?.startsWith('ERR_PARSE_ARGS') === true;
    const badSettings = (error as Error | null)?.name === 'ConfigError';
    process.exitCode = badSettings ? EXIT_CONFIG : badUsage ? EXIT_USAGE : 1;
  });
