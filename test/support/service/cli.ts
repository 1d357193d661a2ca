import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { dispatch } from './built.js';
import type { TestServer } from './server.js';

/** The built command line, as `npm run latchkey` runs it. */
export const CLI = resolve('dist/latchkey.js');

export interface CliRun {
  /** The working directory, from which `.env` and `.env.local` are read. */
  readonly folder: string;
  /** The complete environment, except PATH. */
  readonly env?: Readonly<Record<string, string>>;
  /** Standard input. */
  readonly input?: string;
  /** Options for Node. */
  readonly nodeOptions?: readonly string[];
}

export interface CliExit {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built command line as a separate process. */
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

export interface Typed {
  /** The password that is typed or read from standard input. */
  readonly password?: string;
  /** The answer typed at a terminal to a question. Absent: there is no terminal. */
  readonly answer?: string;
  /** Receives every question. */
  readonly asked?: string[];
  /** Interrupts the command as soon as it reports this progress. */
  readonly breakOffAt?: number;
}

/** Runs a command in this process, inside a running service, which needs no new process and reads no settings. */
export async function runInside(
  { app }: TestServer,
  args: readonly string[],
  { password, answer, asked, breakOffAt = Infinity }: Typed = {},
): Promise<CliExit> {
  const output = { stdout: '', stderr: '' };
  const status = await dispatch(args, {
    out: (words) => (output.stdout += words),
    stream: new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        output.stdout += chunk.toString();
        done();
      },
    }),
    input: Readable.from([]),
    err: (words) => (output.stderr += words),
    progress: (done) => {
      if (done >= breakOffAt) throw new Error('broken off');
    },
    password: async () => password,
    ask: async (question) => {
      asked?.push(question);
      return answer;
    },
    withApp: async (work) => work(app),
  });
  return { status, ...output };
}
