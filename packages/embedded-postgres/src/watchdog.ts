import { spawn, type ChildProcess } from 'node:child_process';
import type { Server, Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { minimalEnvironment } from './binaries.js';

/** The command that runs the server. */
export interface ServerCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
}

/** The watchdog's input. It contains no secret, because it is passed on the command line, which is public. */
export interface WatchdogPlan {
  /** The server to start, or the process id of a running server that has lost its watchdog. */
  readonly server: ServerCommand | number;
  /** The cluster's postmaster.pid. It exists while the server owns the cluster's files. */
  readonly lockFile: string;
  /** The file for the addresses of watchdog and server, with mode 0600. */
  readonly stateFile: string;
  /** The address on which the watchdog listens. */
  readonly listen: { readonly path: string } | { readonly host: string; readonly port: number };
  /** The address on which the server listens. */
  readonly address: ServerAddress;
  /** The command that stops the server on Windows, which has no signals. */
  readonly stopCommand?: readonly string[] | undefined;
}

/** The server's socket folder or IP address, and its port. */
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
 * A process of its own that is the server's parent and stops the server when no process uses it. Every process that uses
 * the server is connected to the watchdog: the one that started it by the watchdog's standard input, the others by a
 * socket. The operating system closes these connections even after a kill -9; when the last one is closed, the watchdog
 * stops the server. A single thread decides, so no process can join a server that is about to stop.
 *
 * The watchdog writes `ready` to its standard output when the server accepts connections, and ends with the server. It
 * answers `release` with `kept` while other processes use the server; otherwise the connection ends with the server.
 *
 * The source text of this class is passed to `node -e`, so it must not refer to anything outside its body.
 */
/* istanbul ignore next -- the coverage counters do not exist in the other process */
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
  private lastSeenRunning = 0;
  private nextCheck: NodeJS.Timeout | undefined;

  constructor(private readonly plan: WatchdogPlan) {}

  run(): void {
    process.title = 'latchkey embedded-postgres watchdog';
    // A signal to the whole process group must not end the watchdog before the processes that use the server.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
    process.stdout.on('error', () => undefined);
    this.pid = typeof this.plan.server === 'number' ? this.plan.server : this.spawn(this.plan.server);
    this.hold(process.stdin, process.stdout);
    this.check();
  }

  private spawn({ file, args, ...options }: ServerCommand): number {
    // In a process group of its own, so that Ctrl-C does not stop the server before its users have finished.
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

  /** Checks the server: every 5 ms while it starts or stops, otherwise twice a second. */
  private check(): void {
    clearTimeout(this.nextCheck);
    const status = this.readStatus();
    const ownsFiles = status !== undefined;
    if (ownsFiles) this.lastSeenRunning = Date.now();
    this.seenRunning ||= ownsFiles;
    const gaveUpFiles = this.seenRunning && !ownsFiles;
    // A process that gave up the files and still exists is a zombie, which its parent has not yet reaped.
    const ended =
      !this.isAlive() || (this.stopping && gaveUpFiles && Date.now() - this.lastSeenRunning > 300);
    if (ended) return this.finish();
    // Another program stopped the server or removed its folder: make sure that the server ends.
    if (gaveUpFiles && !this.stopping) return this.stop();
    if (ownsFiles && !this.stopping && !this.server) this.listen();
    if (status === 'ready' && !this.ready) this.announce();
    this.nextCheck = setTimeout(() => this.check(), this.stopping || !this.ready ? 5 : 500);
  }

  /** Called when the server owns the lock file: of several servers started at once only one gets that far. */
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
    socket.once('data', (message) => {
      if (this.stopping || message.toString() !== `${this.token}\n`) {
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
    // SIGQUIT is PostgreSQL's immediate shutdown. It loses no data: the next start replays the write-ahead log.
    setTimeout(() => this.signal('SIGQUIT'), 30_000);
    setTimeout(() => this.finish(), 40_000);
    this.check();
  }

  private signal(name: 'SIGINT' | 'SIGQUIT'): void {
    const [file, ...args] = this.plan.stopCommand ?? [];
    try {
      if (file) this.childProcess.spawn(file, args, { stdio: 'ignore' });
      else process.kill(this.pid, name);
    } catch {
      // The server ended a moment ago; the next check notices.
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

  /** The status in the lock file; undefined unless the file names this server, which removes it when it stops. */
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

/** Starts a watchdog. Its standard input is this process's lease on the server; its errors go to the descriptor `log`. */
export function spawnWatchdog(plan: WatchdogPlan, log: number): ChildProcess {
  const source = `new (${Watchdog.toString()})(JSON.parse(process.argv[1])).run()`;
  return spawn(process.execPath, ['--input-type=commonjs', '-e', source, JSON.stringify(plan)], {
    // In a process group of its own, so that Ctrl-C in the terminal does not reach it.
    detached: true,
    windowsHide: true,
    cwd: '/',
    env: minimalEnvironment(),
    stdio: ['pipe', 'pipe', log],
  });
}
