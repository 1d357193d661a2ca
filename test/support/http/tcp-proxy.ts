import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/**
 * How far a message has come when it is held:
 * - `received`: it has come from the client, and the server has nothing of it;
 * - `sent`: the server has it, and may or may not have acted on it yet;
 * - `answered`: the server has acted on it. Its whole answer is here, and the client has nothing of that.
 */
export type Moment = 'received' | 'sent' | 'answered';

/** A message that was stopped on its way, and with it everything after it on its connection. */
export interface Held {
  /** What the server has answered so far. */
  readonly answer: Buffer;
  /** Breaks the connection; the client gets these last bytes, or none. */
  cut(lastBytes?: Buffer): void;
}

interface Watch {
  readonly moment: Moment;
  readonly texts: readonly string[];
  readonly resolve: (held: Held) => void;
}

/** Where a server listens: a host, or the folder of PostgreSQL's Unix socket, and a port. */
interface Origin {
  readonly host: string;
  readonly port: number;
}

/** Stands before a server, so that a test can take it away and give it back, or lose a message at a moment it names. */
export abstract class TcpProxy {
  protected port = 0;
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;
  private stalled = false;
  private watch: Watch | undefined;

  protected constructor(private readonly upstream: Origin) {
    this.server = createServer((socket) => this.forward(socket));
  }

  /** Breaks every connection and refuses new ones, as when the server was killed. */
  async cut(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  /** Keeps connections open and lets nothing through, as when the server's machine froze. */
  stall(): void {
    this.stalled = true;
    for (const socket of this.sockets) socket.pause();
  }

  /** Listens again, or for the first time. */
  async restore(): Promise<void> {
    this.stalled = false;
    for (const socket of this.sockets) socket.resume();
    if (!this.server.listening) {
      await new Promise<void>((resolve) => this.server.listen(this.port, '127.0.0.1', resolve));
      this.port = (this.server.address() as AddressInfo).port;
    }
  }

  /**
   * Holds the next message with a text and resolves when it has come as far as `moment`. With several texts it is the
   * message with the last one, on a connection that carried the others before: a COMMIT alone could be anybody's.
   */
  hold(moment: Moment, ...texts: readonly string[]): Promise<Held> {
    return new Promise((resolve) => {
      this.watch = { moment, texts, resolve };
    });
  }

  /** Whether the server has said all it has to say to one message. */
  protected abstract isWhole(answer: Buffer): boolean;

  private forward(client: Socket): void {
    const { host, port } = this.upstream;
    const server = host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host);
    const claim = this.claims();
    let held: Watch | undefined;
    let answer = Buffer.alloc(0);
    const handle: Held = {
      get answer() {
        return answer;
      },
      cut: (lastBytes = Buffer.alloc(0)) => {
        client.end(lastBytes, () => client.destroy());
        // What was sent before is still read: an end, unlike a reset, takes nothing back.
        server.end();
      },
    };
    this.join(client, server, (chunk) => {
      held ??= claim(chunk);
      if (held?.moment === 'received') held.resolve(handle);
      else server.write(chunk, () => held?.moment === 'sent' && held.resolve(handle));
    });
    this.join(server, client, (chunk) => {
      if (!held) {
        client.write(chunk);
        return;
      }
      answer = Buffer.concat([answer, chunk]);
      if (held.moment === 'answered' && this.isWhole(answer)) held.resolve(handle);
    });
    if (this.stalled) this.stall();
  }

  /** Tells for one connection which message is the one to hold. Both sides write a short message in one piece. */
  private claims(): (chunk: Buffer) => Watch | undefined {
    let watch: Watch | undefined;
    let seen = 0;
    return (chunk) => {
      if (watch !== this.watch) [watch, seen] = [this.watch, 0];
      if (!watch || !chunk.includes(watch.texts[seen] ?? '')) return undefined;
      if (++seen < watch.texts.length) return undefined;
      this.watch = undefined;
      return watch;
    };
  }

  private join(from: Socket, to: Socket, pass: (chunk: Buffer) => void): void {
    this.sockets.add(from);
    from.on('data', pass);
    from.on('error', () => undefined);
    from.on('close', () => {
      this.sockets.delete(from);
      to.destroy();
    });
  }
}
