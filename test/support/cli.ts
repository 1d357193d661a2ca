import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';

/** The built command line, as `npm run latchkey` runs it. */
export const CLI = resolve('dist/latchkey.js');

export interface CliRun {
  /** The working directory, where `.env` and `.env.local` are looked for. */
  readonly folder: string;
  /** The whole environment beside PATH. */
  readonly env?: Readonly<Record<string, string>>;
  /** Standard input. */
  readonly input?: string;
  /** Options of node itself. */
  readonly nodeOptions?: readonly string[];
}

export interface CliExit {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built command line as a process of its own. */
export async function runCli(
  args: readonly string[],
  { folder, env = {}, input = '', nodeOptions = [] }: CliRun,
): Promise<CliExit> {
  const child = spawn(process.execPath, [...nodeOptions, CLI, ...args], {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', ...env },
  });
  child.stdin.end(input);
  const status = new Promise<number | null>((done) => child.once('close', done));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { status: await status, stdout, stderr };
}
