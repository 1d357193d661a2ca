import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client } from '../http/client.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
/** The built service. */
const MAIN = join(ROOT, 'dist/main.js');
/** The options that `npm start` gives to node, between `node` and the file. */
const START_OPTIONS = startOptions();
const EXIT_WAIT_MS = 15_000;
const BETWEEN_QUESTIONS_MS = 10;

export interface ProcessOptions {
  /** The working directory, from which `.env` and `.env.local` are read. */
  readonly folder: string;
  /** The complete environment, except PATH, a free port, cheap hashes and the JSON log format. */
  readonly env?: Readonly<Record<string, string>>;
  /** Options for Node. */
  readonly nodeOptions?: readonly string[];
  /** The file that Node runs; by default the service built here. */
  readonly main?: string | undefined;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The service as a separate process. */
export class ServiceProcess {
  stdout = '';
  stderr = '';
  readonly exited: Promise<Exit>;
  private readonly child: ChildProcess;
  private readonly watchers = new Set<() => void>();
  private ended = false;
  private address: string | undefined;

  constructor({ folder, env, nodeOptions = [], main = MAIN }: ProcessOptions) {
    this.child = spawn(process.execPath, [...START_OPTIONS, ...nodeOptions, main], {
      cwd: folder,
      env: { ...defaults(), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(this);
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => this.note('stdout', text));
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => this.note('stderr', text));
    this.exited = new Promise((resolve) => {
      this.child.once('close', (code, signal) => {
        running.delete(this);
        this.ended = true;
        this.watchers.forEach((look) => look());
        resolve({ code, signal, stdout: this.stdout, stderr: this.stderr });
      });
    });
  }

  /** Every line of the log so far, parsed. */
  get log(): Array<Record<string, unknown>> {
    const whole = this.stdout.slice(0, this.stdout.lastIndexOf('\n') + 1);
    const lines = whole.split('\n').filter((line) => line.startsWith('{'));
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error('the service was not started');
    return this.child.pid;
  }

  get client(): Client {
    return new Client(this.url);
  }

  /** The service's URL, with a numeric address, because a name may have two addresses. */
  get url(): string {
    // Cached: the log grows by a line per request, and a test under load asks for the address as often.
    return (this.address ??= this.announcedUrl());
  }

  private announcedUrl(): string {
    const json = this.log.find(({ msg }) => msg === 'listening')?.['url'];
    const pretty = /(http:\/\/\S+)\/docs/.exec(this.stdout)?.[1];
    const url = typeof json === 'string' ? json : pretty;
    if (url === undefined) throw new Error('the service does not listen yet');
    return url.replace('localhost', '127.0.0.1');
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** Sends SIGTERM and returns the exit status and the output. */
  async stop(): Promise<Exit> {
    this.signal('SIGTERM');
    const timer = setTimeout(() => this.signal('SIGKILL'), EXIT_WAIT_MS);
    const exit = await this.exited;
    clearTimeout(timer);
    return exit;
  }

  /** Resolves once the output satisfies `seen`. @throws an error with the output if the process ends before */
  until(seen: (process: this) => boolean): Promise<this> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const found = seen(this);
        if (!found && !this.ended) return;
        this.watchers.delete(look);
        if (found) resolve(this);
        else reject(new Error(`the service ended:\n${this.stdout}\n${this.stderr}`));
      };
      this.watchers.add(look);
      look();
    });
  }

  private note(stream: 'stdout' | 'stderr', text: string): void {
    this[stream] += text;
    this.watchers.forEach((look) => look());
  }
}

const running = new Set<ServiceProcess>();

/** Starts the service and waits until it listens. */
export function startProcess(options: ProcessOptions): Promise<ServiceProcess> {
  return new ServiceProcess(options).until(
    ({ stdout }) => stdout.includes('"msg":"listening"') || stdout.includes('Latchkey is ready'),
  );
}

/** Runs a service that is expected to refuse its start, and waits for its exit. */
export function runProcess(options: ProcessOptions): Promise<Exit> {
  return new ServiceProcess(options).exited;
}

/** For `afterAll`: kills the processes that failed tests left running. */
export async function killProcesses(): Promise<void> {
  await Promise.all(
    [...running].map((process) => {
      process.signal('SIGKILL');
      return process.exited;
    }),
  );
}

export interface Folder {
  readonly path: string;
  remove(): Promise<void>;
}

/** An empty working directory, which the account of the embedded database may enter. */
export async function newFolder(): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), 'lk-process-'));
  await chmod(path, 0o711);
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }) };
}

/** Repeats a question until its answer is true, and returns the milliseconds that took. @throws after `withinMs` */
export async function eventually(withinMs: number, question: () => Promise<boolean>): Promise<number> {
  const start = performance.now();
  while (!(await question())) {
    if (performance.now() - start > withinMs) throw new Error(`not so within ${withinMs} ms`);
    await delay(BETWEEN_QUESTIONS_MS);
  }
  return performance.now() - start;
}

/** Limits high enough for tests, whose clients all have the same address. */
export const WIDE_LIMITS = {
  LIMIT_FAILURES_PER_ADDRESS: '100000/60',
  LIMIT_REGISTER: '100000/60',
  LIMIT_REFRESH: '100000/60',
  LIMIT_TOKEN: '100000/60',
  LIMIT_PASSWORD: '100000/60',
  LIMIT_ACCOUNT_WRITES: '100000/60',
} as const;

function defaults(): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    PORT: '0',
    LOG_FORMAT: 'json',
    ARGON2_MEMORY_KIB: '8192',
    ARGON2_TIME: '1',
    ...WIDE_LIMITS,
  };
}

function startOptions(): string[] {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: { start: string };
  };
  return scripts.start.split(' ').slice(1, -1);
}
