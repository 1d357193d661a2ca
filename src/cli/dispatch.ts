import { parseArgs } from 'node:util';
import {
  EXIT,
  OPTIONS,
  UsageError,
  type CommandHost,
  type CommandOptions,
  type OptionName,
} from './command.js';
import { COMMANDS, helpOf, overview } from './commands.js';

/**
 * Runs what the arguments say.
 * @returns the exit status; whatever is thrown is told on the error stream, without values of the database
 */
export async function dispatch(argv: readonly string[], host: CommandHost): Promise<number> {
  try {
    return await run(argv, host);
  } catch (error) {
    host.err(`latchkey: ${told(error)}\n`);
    return await statusOf(error);
  }
}

async function run(argv: readonly string[], host: CommandHost): Promise<number> {
  const { values, positionals } = parseArgs({
    args: joined(argv),
    allowPositionals: true,
    options: { ...OPTIONS, help: { type: 'boolean', short: 'h' } },
  });
  const { help = false, ...given } = values;
  const name = Object.keys(COMMANDS).find((command) => `${positionals.join(' ')} `.startsWith(`${command} `));
  const command = name === undefined ? undefined : COMMANDS[name];
  if (name === undefined || !command) {
    const group = Object.keys(COMMANDS).some((known) => known.startsWith(`${positionals[0]} `));
    (help ? host.out : host.err)(overview(group ? positionals[0] : undefined));
    return help ? EXIT.done : EXIT.usage;
  }
  if (help) {
    host.out(helpOf(command));
    return EXIT.done;
  }
  const foreign = Object.keys(given).find((option) => !command.options.includes(option as OptionName));
  if (foreign !== undefined) throw new UsageError(`${name} has no option --${foreign}`);
  const rest = positionals.slice(name.split(' ').length);
  return (await command.load())(rest, optionsOf(given), host);
}

/** A `kid` may begin with a hyphen, and parseArgs would take it for an option: `--kid -x` as `--kid=-x`. */
function joined(argv: readonly string[]): string[] {
  const args: string[] = [];
  for (let at = 0; at < argv.length; at++) {
    const [arg = '', value] = argv.slice(at, at + 2);
    const isKid =
      ['--kid', '--compromised'].includes(arg) && value?.startsWith('-') && !value.startsWith('--');
    args.push(isKid ? `${arg}=${value}` : arg);
    if (isKid) at++;
  }
  return args;
}

type Given = Readonly<Partial<Record<OptionName, string | boolean | readonly string[]>>>;

/** `email-prefix` as `emailPrefix`; what is not given is absent, and false where it is a switch. */
function optionsOf(given: Given): CommandOptions {
  const entries = Object.entries(given).map(([name, value]) => [
    name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase()),
    value,
  ]);
  const switches = { plan: false, json: false, yes: false, dryRun: false, withoutProof: false };
  return { ...switches, ...(Object.fromEntries(entries) as Partial<CommandOptions>) };
}

interface Thrown {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly detail?: unknown;
  readonly message?: unknown;
  readonly syscall?: unknown;
  readonly errors?: ReadonlyArray<{ readonly field?: unknown; readonly message?: unknown }>;
}

async function statusOf(error: unknown): Promise<number> {
  const { name, code } = (error ?? {}) as Thrown;
  if (name === 'ConfigError') return EXIT.config;
  if (name === 'UsageError' || String(code).startsWith('ERR_PARSE_ARGS')) return EXIT.usage;
  if (name === 'AppError') return code === 'unavailable' ? EXIT.unavailable : EXIT.refused;
  return (await isOutOfReach(error)) ? EXIT.unavailable : EXIT.refused;
}

/** A file that is not there has the code of a socket that is not. */
async function isOutOfReach(error: unknown): Promise<boolean> {
  if ((error as Thrown | null)?.syscall === 'open') return false;
  const { unavailableDatabase } = await import('../platform/database/connection.js');
  return unavailableDatabase(error) !== undefined;
}

/**
 * Our own errors say more in their detail than in their message, which is the code. The detail of the database's may
 * hold a whole row, with its password hash.
 */
function told(error: unknown): string {
  const { name, detail, message, errors } = (error ?? {}) as Thrown;
  if (name === 'AppError' && typeof detail === 'string') {
    const fields = errors?.map((fault) => `${String(fault.field)}: ${String(fault.message)}`) ?? [];
    return fields.length > 0 ? fields.join('; ') : detail;
  }
  return typeof message === 'string' && message !== '' ? message : 'unknown error';
}
