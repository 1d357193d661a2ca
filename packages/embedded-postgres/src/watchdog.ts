import { spawn, type ChildProcess } from 'node:child_process';
import type { Server, Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { minimalEnvironment } from './binaries.js';

/** How to run the server. */
export interface ServerCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
}

/** What a watchdog must know; it holds no secret, since command lines are public. */
export interface WatchdogPlan {
  /** The server to start, or the process id of one that has lost its watchdog. */
  readonly server: ServerCommand | number;
  /** The cluster's postmaster.pid: it tells when the server has taken hold of the files, and let go. */
  readonly lockFile: string;
  /** Where to publish the watchdog's own address and the server's (0600). */
  readonly stateFile: string;
  /** Where the watchdog listens. */
  readonly listen: { readonly path: string } | { readonly host: string; readonly port: number };
  /** Where the server listens. */
  readonly address: ServerAddress;
  /** A command that stops the server, where signals cannot (Windows). */
  readonly stopCommand?: readonly string[] | undefined;
}

/** A socket folder or an address, and the port. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

/** The contents of the state file. */
export interface WatchdogState {
  readonly listen: { readonly path: string } | { readonly host: string; readonly port: number };
  readonly token: string;
  readonly address: ServerAddress;
}

/**
 * Runs in a process of its own, is the server's parent, and keeps it exactly as long as somebody uses it. Every
 * user holds a connection to it: the process that started the server its standard input, processes that joined
 * a socket. The system closes those whatever a process dies of, so a kill -9 counts as leaving; when the last
 * one has left, the server is stopped. One thread decides, so nobody can join a server that is about to stop.
 *
 * It says `ready` on its standard output once the server accepts connections, and ends with the server. A user
 * who sends `release` is answered `kept` when others stay; else the connection ends with the server.
 *
 * The class is handed to `node -e` as text: it must not use anything from outside its own body.
 */
/* istanbul ignore next -- counters would not exist in the other process */
export class Watchdog {
  private readonly fs = process.getBuiltinModule('node:fs');
  private readonly childProcess = process.getBuiltinModule('node:child_process');
  private readonly token = process.getBuiltinModule('node:crypto').randomBytes(16).toString('hex');
  private readonly holders = new Set<Readable>();
  private pid = 0;
  private server: Server | undefined;
  private seenRunning = false;
  private ready = false;
  private stopping = false;
  private lastNamed = 0;
  private nextLook: NodeJS.Timeout | undefined;

  constructor(private readonly plan: WatchdogPlan) {}

  run(): void {
    process.title = 'latchkey embedded-postgres watchdog';
    // A signal meant for the whole group of processes must not end the watch before the server's users end.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
    process.stdout.on('error', () => undefined);
    this.pid = typeof this.plan.server === 'number' ? this.plan.server : this.spawn(this.plan.server);
    this.hold(process.stdin, process.stdout);
    this.look();
  }

  private spawn({ file, args, ...options }: ServerCommand): number {
    // In a group of its own: Ctrl-C must not stop the server before its users have finished.
    const child = this.childProcess.spawn(file, args, {
      ...options,
      detached: true,
      windowsHide: true,
      stdio: ['ignore', 2, 2],
    });
    child.once('error', (error) => {
      this.fs.writeSync(2, `error: ${error.message}\n`);
      this.finish();
    });
    child.once('exit', () => this.finish());
    return child.pid ?? 0;
  }

  /** Runs again and again: often while something is about to change, twice a second otherwise. */
  private look(): void {
    clearTimeout(this.nextLook);
    const status = this.readStatus();
    const named = status !== undefined;
    if (named) this.lastNamed = Date.now();
    this.seenRunning ||= named;
    const letGo = this.seenRunning && !named;
    // One that has let go but does not disappear is waiting for its parent to collect it.
    const ended = !this.isAlive() || (this.stopping && letGo && Date.now() - this.lastNamed > 300);
    if (ended) return this.finish();
    // Somebody else stopped it, or removed the folder under it: see to it that it ends.
    if (letGo && !this.stopping) return this.stop();
    if (named && !this.stopping && !this.server) this.listen();
    if (status === 'ready' && !this.ready) this.announce();
    this.nextLook = setTimeout(() => this.look(), this.stopping || !this.ready ? 5 : 500);
  }

  /** Not before the server holds the lock file: of several servers started at once only one gets that far. */
  private listen(): void {
    const { listen, address, stateFile } = this.plan;
    if ('path' in listen) this.fs.rmSync(listen.path, { force: true });
    const server = process.getBuiltinModule('node:net').createServer((socket) => this.welcome(socket));
    server.listen(listen, () => {
      const bound = server.address();
      const at = typeof bound === 'object' && bound ? { host: bound.address, port: bound.port } : listen;
      const draft = `${stateFile}.${process.pid}`;
      this.fs.writeFileSync(draft, JSON.stringify({ listen: at, token: this.token, address }), {
        mode: 0o600,
      });
      this.fs.renameSync(draft, stateFile);
    });
    this.server = server;
  }

  private announce(): void {
    this.ready = true;
    process.stdout.write('ready\n');
  }

  private welcome(socket: Socket): void {
    socket.on('error', () => undefined);
    socket.once('data', (word) => {
      if (this.stopping || word.toString() !== `${this.token}\n`) {
        socket.destroy();
        return;
      }
      this.hold(socket, socket);
      socket.write('welcome\n');
    });
  }

  private hold(input: Readable, output: Writable): void {
    this.holders.add(input);
    input.on('data', () => this.release(input, output));
    for (const event of ['end', 'close', 'error']) input.on(event, () => this.release(input));
  }

  private release(input: Readable, output?: Writable): void {
    if (!this.holders.delete(input)) return;
    if (this.holders.size === 0) this.stop();
    else output?.write('kept\n');
  }

  private stop(): void {
    this.stopping = true;
    this.unpublish();
    this.signal('SIGINT');
    // An immediate stop loses nothing either: the next start replays the log.
    setTimeout(() => this.signal('SIGQUIT'), 30_000);
    setTimeout(() => this.finish(), 40_000);
    this.look();
  }

  private signal(name: 'SIGINT' | 'SIGQUIT'): void {
    const [file, ...args] = this.plan.stopCommand ?? [];
    try {
      if (file) this.childProcess.spawn(file, args, { stdio: 'ignore' });
      else process.kill(this.pid, name);
    } catch {
      // It has gone in this moment; the next look sees it.
    }
  }

  private unpublish(): void {
    if (!this.server) return;
    this.fs.rmSync(this.plan.stateFile, { force: true });
    this.server.close();
    this.server = undefined;
  }

  private finish(): void {
    this.unpublish();
    process.exit(0);
  }

  /** The last line of the lock file while it names our server: it is removed at the end of an orderly stop. */
  private readStatus(): string | undefined {
    try {
      const lines = this.fs.readFileSync(this.plan.lockFile, 'utf8').split('\n');
      return Number(lines[0]) === this.pid ? (lines[7] ?? '').trim() : undefined;
    } catch {
      return undefined;
    }
  }

  private isAlive(): boolean {
    try {
      process.kill(this.pid, 0);
      return true;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'EPERM';
    }
  }
}

/** Starts a watchdog; its standard input is this process's hold on the server, its errors go to `log`. */
export function spawnWatchdog(plan: WatchdogPlan, log: number): ChildProcess {
  const source = `new (${Watchdog.toString()})(JSON.parse(process.argv[1])).run()`;
  return spawn(process.execPath, ['--input-type=commonjs', '-e', source, JSON.stringify(plan)], {
    // In a group of its own, or Ctrl-C in the terminal would reach it.
    detached: true,
    windowsHide: true,
    cwd: '/',
    env: minimalEnvironment(),
    stdio: ['pipe', 'pipe', log],
  });
}
