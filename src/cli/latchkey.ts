import 'reflect-metadata';
import { parseArgs } from 'node:util';

/** A command: what it is called with, and its exit status. */
export type Command = (args: readonly string[], options: CommandOptions) => Promise<number>;

export interface CommandOptions {
  readonly plan: boolean;
  readonly json: boolean;
}

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
  'token explain': {
    load: async () => (await import('./explain.command.js')).explainCommand,
    usage: 'token explain <token | -> [--json]',
    does: 'print what a token says and why it would be refused; - reads it from standard input',
  },
};

async function main(argv: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: { plan: { type: 'boolean' }, json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  });
  const name = Object.keys(COMMANDS).find((command) => `${positionals.join(' ')} `.startsWith(`${command} `));
  const command = name === undefined ? undefined : COMMANDS[name];
  if (name === undefined || !command || values.help) {
    (values.help ? process.stdout : process.stderr).write(usage());
    return values.help ? 0 : EXIT_USAGE;
  }
  const rest = positionals.slice(name.split(' ').length);
  const run = await command.load();
  return run(rest, { plan: values.plan ?? false, json: values.json ?? false });
}

function usage(): string {
  const lines = Object.values(COMMANDS).map(({ usage: how, does }) => `  ${how.padEnd(36)}${does}`);
  return `usage: npm run latchkey -- <command>\n\n${lines.join('\n')}\n`;
}

main(process.argv.slice(2))
  .then((status) => {
    process.exitCode = status;
  })
  .catch((error: unknown) => {
    process.stderr.write(`latchkey: ${error instanceof Error ? error.message : 'unknown error'}\n`);
    const badUsage = (error as { code?: string } | null)?.code?.startsWith('ERR_PARSE_ARGS') === true;
    const badSettings = (error as Error | null)?.name === 'ConfigError';
    process.exitCode = badSettings ? EXIT_CONFIG : badUsage ? EXIT_USAGE : 1;
  });
