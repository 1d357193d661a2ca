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
  /** The working directory, where `.env` and `.env.local` are looked for. */
  readonly folder: string;
  /** The whole environment beside PATH, a free port, cheap hashes and a log that can be parsed. */
  readonly env?: Readonly<Record<string, string>>;
  /** Options of node itself. */
  readonly nodeOptions?: readonly string[];
  /** What node runs; the service as it is built here, where absent. */
  readonly main?: string | undefined;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The service as a process of its own. */
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

  /** Where the service answers; by number, since a name may stand for two addresses. */
  get url(): string {
    // Found once: the log grows by a line a request, and a test under load asks for the address as often.
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

  /** Ends the process the polite way and tells how it went. */
  async stop(): Promise<Exit> {
    this.signal('SIGTERM');
    const timer = setTimeout(() => this.signal('SIGKILL'), EXIT_WAIT_MS);
    const exit = await this.exited;
    clearTimeout(timer);
    return exit;
  }

  /** Resolves once the output satisfies `seen`. @throws an error with the output where the process ends before */
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

/** Runs the service where it is expected to refuse the start. */
export function runProcess(options: ProcessOptions): Promise<Exit> {
  return new ServiceProcess(options).exited;
}

/** For `afterAll`: no failed test leaves a process behind. */
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

/** An empty working directory; the embedded database, under its own account, passes through. */
export async function newFolder(): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), 'lk-process-'));
  await chmod(path, 0o711);
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }) };
}

/** Asks again and again until the answer is yes. @throws after `withinMs` */
export async function eventually(withinMs: number, question: () => Promise<boolean>): Promise<number> {
  const start = performance.now();
  while (!(await question())) {
    if (performance.now() - start > withinMs) throw new Error(`not so within ${withinMs} ms`);
    await delay(BETWEEN_QUESTIONS_MS);
  }
  return performance.now() - start;
}

/** Every client of a test has one address, and most tests are not about that. */
export const WIDE_LIMITS = {
  LIMIT_FAILURES_PER_ADDRESS: '100000/60',
  LIMIT_REGISTER: '100000/60',
  LIMIT_REFRESH: '100000/60',
  LIMIT_TOKEN: '100000/60',
  LIMIT_PASSWORD: '100000/60',
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
