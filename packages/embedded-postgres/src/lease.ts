import type { ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import type { ServerAddress, WatchdogState } from './watchdog.js';

/** A process's claim on the running server. The server runs while there is at least one lease. */
export interface Lease {
  /**
   * Ends the claim. Resolves when the server has stopped, or at once while other processes use it. Idempotent. The death
   * of the process ends its lease too.
   */
  release(): Promise<void>;
}

/** A watchdog that was killed is replaced this many times; more kills than that are on purpose. */
const MAX_REPLACEMENTS = 10;

/** The lease of the process that started the watchdog: the watchdog's standard input. */
export class StarterLease implements Lease {
  private released: Promise<void> | undefined;
  private server: number | undefined;
  private replacements = 0;

  /**
   * @param replace starts another watchdog for a running server; called when this one was killed
   * @param runningServer returns the process id of the server that is running on the cluster
   */
  constructor(
    private watchdog: ChildProcess,
    private readonly replace: (server: number) => ChildProcess,
    private readonly runningServer: () => Promise<number | undefined>,
  ) {
    this.use(watchdog);
  }

  /** Resolves when the server accepts connections. @throws Error when server and watchdog end before that */
  async untilReady(): Promise<void> {
    const { watchdog } = this;
    watchdog.ref();
    await new Promise<void>((resolve, reject) => {
      watchdog.stdout?.once('data', () => resolve());
      watchdog.once('error', reject);
      watchdog.once('exit', () => reject(new Error('it ended at once')));
    });
    this.server = await this.runningServer();
    watchdog.unref();
  }

  release(): Promise<void> {
    return (this.released ??= this.sendRelease());
  }

  private async sendRelease(): Promise<void> {
    if (hasEnded(this.watchdog)) await this.replaceKilled();
    const { watchdog } = this;
    if (hasEnded(watchdog)) return;
    await new Promise<void>((resolve) => {
      watchdog.ref();
      watchdog.once('exit', () => resolve());
      watchdog.once('error', () => resolve());
      watchdog.stdout?.on('data', (answer: Buffer) => {
        if (!answer.includes('kept')) return;
        watchdog.stdin?.end();
        watchdog.unref();
        resolve();
      });
      watchdog.stdin?.write('release\n');
    });
  }

  private use(watchdog: ChildProcess): void {
    this.watchdog = watchdog;
    watchdog.once('error', () => undefined);
    watchdog.stdin?.on('error', () => undefined);
    watchdog.once('exit', () => {
      if (!this.released) void this.replaceKilled();
    });
    // The lease must not keep the process alive: the end of the process ends the lease.
    watchdog.unref();
    (watchdog.stdin as Socket | null)?.unref();
    (watchdog.stdout as Socket | null)?.unref();
  }

  /** A watchdog ends with its server. If the server is still running, the watchdog was killed and needs a replacement. */
  private async replaceKilled(): Promise<void> {
    const running = await this.runningServer();
    if (!running || running !== this.server || !hasEnded(this.watchdog)) return;
    this.replacements += 1;
    if (this.replacements <= MAX_REPLACEMENTS) this.use(this.replace(running));
  }
}

const hasEnded = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null;

/** The lease of a process that joined a running server: a connection to the watchdog. */
export class JoinedLease implements Lease {
  private released: Promise<void> | undefined;
  private socket: Socket | undefined;

  private constructor(
    private readonly stateFile: string,
    readonly address: ServerAddress,
    socket: Socket,
  ) {
    this.use(socket);
  }

  /** Joins the server whose watchdog wrote `stateFile`; undefined when there is none or it is stopping. */
  static async take(stateFile: string): Promise<JoinedLease | undefined> {
    const state = await readState(stateFile);
    const socket = state && (await connectTo(state));
    return socket && new JoinedLease(stateFile, state.address, socket);
  }

  /** False when the server has stopped or its watchdog was killed. */
  get held(): boolean {
    return this.socket !== undefined;
  }

  release(): Promise<void> {
    return (this.released ??= new Promise((resolve) => {
      const { socket } = this;
      if (!socket) return resolve();
      socket.ref();
      socket.once('close', () => resolve());
      socket.once('data', () => socket.end());
      socket.write('release\n');
    }));
  }

  private use(socket: Socket): void {
    this.socket = socket;
    socket.unref();
    socket.once('close', () => {
      this.socket = undefined;
      if (!this.released) this.rejoin(20);
    });
  }

  /** Connects to the new watchdog: the process that started the server replaces one that was killed. */
  private rejoin(attempts: number): void {
    const attempt = async () => {
      const state = this.released ? undefined : await readState(this.stateFile);
      const socket = state && (await connectTo(state));
      if (socket) this.use(socket);
      else if (attempts > 1 && !this.released) this.rejoin(attempts - 1);
    };
    setTimeout(() => void attempt(), 100).unref();
  }
}

/** Resolves with a connection that the watchdog accepted, or with undefined when it did not. */
function connectTo(state: WatchdogState): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(state.listen);
    socket.setTimeout(5000, () => socket.destroy());
    socket.on('error', () => undefined);
    socket.once('close', () => resolve(undefined));
    socket.once('data', () => {
      socket.setTimeout(0);
      resolve(socket);
    });
    socket.write(`${state.token}\n`);
  });
}

async function readState(stateFile: string): Promise<WatchdogState | undefined> {
  try {
    return JSON.parse(await readFile(stateFile, 'utf8')) as WatchdogState;
  } catch {
    return undefined;
  }
}
