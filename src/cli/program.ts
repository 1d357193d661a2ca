import { Command as Program, CommanderError } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { EXIT, OPTIONS, type CommandHost, type CommandOptions, type OptionName } from './command.js';
import { COMMANDS, type CommandEntry } from './commands.js';

const STATUSES =
  'Exit status: 0 done, 1 refused or not found, 2 wrong usage, 69 database or service unavailable, 78 wrong settings.';
const GROUPS: Readonly<Record<string, string>> = {
  audit: 'the audit log',
  clients: 'clients and their secrets',
  keys: 'signing keys',
  roles: 'roles and their scopes',
  sessions: 'sessions of users',
  token: 'tokens',
  users: 'users and their roles',
};

/**
 * Parses the arguments and runs the command.
 * @returns the exit status; 2 if the command is unknown or its arguments are wrong
 * @throws the errors of the command
 */
export async function runProgram(argv: readonly string[], host: CommandHost): Promise<number> {
  let status: number = EXIT.done;
  const program = programFor(host, (done) => (status = done));
  if (argv.length === 0) {
    host.err(program.helpInformation());
    return EXIT.usage;
  }
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  }
  return status;
}

function programFor(host: CommandHost, done: (status: number) => void): Program {
  const program = new Program('latchkey')
    .description('Administers Latchkey, on the database that the settings name.')
    .version(packageJson.version)
    .helpCommand(false)
    .addHelpText('after', `\n${STATUSES}`);
  setUp(program, host);
  for (const [path, entry] of Object.entries(COMMANDS)) {
    const words = path.split(' ');
    const name = words.pop() ?? '';
    const parent = words.reduce((group, word) => groupOf(group, word, host), program);
    addCommand(parent, name, entry, host, done);
  }
  return program;
}

function groupOf(program: Program, name: string, host: CommandHost): Program {
  const known = program.commands.find((command) => command.name() === name);
  if (known) return known;
  const group = program
    .command(name)
    .description(GROUPS[name] ?? '')
    .helpCommand(false);
  setUp(group, host);
  return group;
}

function addCommand(
  parent: Program,
  name: string,
  entry: CommandEntry,
  host: CommandHost,
  done: (status: number) => void,
): void {
  const command = parent.command(`${name} ${entry.arguments}`.trim()).description(entry.does);
  setUp(command, host);
  for (const option of entry.options) addOption(command, option);
  if (entry.more) command.addHelpText('after', `\n${entry.more.join('\n')}`);
  command.addHelpText('after', `\n${STATUSES}`);
  command.action(async () => {
    const run = await entry.load();
    done(await run(command.args, { ...SWITCHES, ...command.opts<Partial<CommandOptions>>() }, host));
  });
}

const SWITCHES = {
  plan: false,
  json: false,
  yes: false,
  dryRun: false,
  withoutProof: false,
  takeOver: false,
  force: false,
  keepSessions: false,
  stdin: false,
};

function addOption(command: Program, name: OptionName): void {
  const [flags, help] = OPTIONS[name];
  if (name === 'role') {
    command.option(flags, help, (role: string, before: string[] | undefined) => [...(before ?? []), role]);
  } else command.option(flags, help);
}

/** Sends commander's output to the host, and lets commander throw instead of ending the process. */
function setUp(command: Program, host: CommandHost): void {
  command
    .exitOverride()
    .allowExcessArguments(false)
    .configureOutput({
      writeOut: (text) => host.out(text),
      writeErr: (text) => host.err(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'latchkey: ')),
    });
}
