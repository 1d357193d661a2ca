import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { dispatch } from './built.js';
import type { TestServer } from './server.js';

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

export interface Typed {
  /** What is typed, or stands on standard input, where a password is asked for. */
  readonly password?: string;
  /** What somebody at a terminal answers to a question. Absent: nobody is there. */
  readonly answer?: string;
  /** Gets every question that is asked. */
  readonly asked?: string[];
  /** The command is broken off when it says that it has come so far. */
  readonly breakOffAt?: number;
}

/** Runs a command in this process, inside a running service: everything but the start of a process and its settings. */
export async function runInside(
  { app }: TestServer,
  args: readonly string[],
  { password, answer, asked, breakOffAt = Infinity }: Typed = {},
): Promise<CliExit> {
  const told = { stdout: '', stderr: '' };
  const status = await dispatch(args, {
    out: (words) => (told.stdout += words),
    stream: new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        told.stdout += chunk.toString();
        done();
      },
    }),
    err: (words) => (told.stderr += words),
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
  return { status, ...told };
}
