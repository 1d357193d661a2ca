import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/**
 * The moment at which a message is held:
 * - `received`: the proxy has the message, and the server has none of it;
 * - `sent`: the server has the message, and may or may not have acted on it;
 * - `answered`: the server has acted on it. The proxy has the whole answer, and the client has none of it.
 */
export type Moment = 'received' | 'sent' | 'answered';

/** A message that the proxy holds, with all later bytes of its connection. */
export interface Held {
  /** The server's answer so far. */
  readonly answer: Buffer;
  /** Breaks the connection; the client gets these last bytes, if any. */
  cut(lastBytes?: Buffer): void;
}

interface Watch {
  readonly moment: Moment;
  readonly texts: readonly string[];
  readonly resolve: (held: Held) => void;
}

/** The address of a server: a port, and a host or the folder of PostgreSQL's Unix socket. */
interface Origin {
  readonly host: string;
  readonly port: number;
}

/** A proxy in front of a server, with which a test cuts the server off, restores it, or loses a message. */
export abstract class TcpProxy {
  protected port = 0;
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;
  private stalled = false;
  private watch: Watch | undefined;

  protected constructor(private readonly upstream: Origin) {
    this.server = createServer((socket) => this.forward(socket));
  }

  /** Breaks every connection and refuses new ones, as if the server was killed. */
  async cut(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  /** Keeps connections open and passes no bytes, as if the server's machine was frozen. */
  stall(): void {
    this.stalled = true;
    for (const socket of this.sockets) socket.pause();
  }

  /** Starts or resumes listening. */
  async restore(): Promise<void> {
    this.stalled = false;
    for (const socket of this.sockets) socket.resume();
    if (!this.server.listening) {
      await new Promise<void>((resolve) => this.server.listen(this.port, '127.0.0.1', resolve));
      this.port = (this.server.address() as AddressInfo).port;
    }
  }

  /**
   * Holds the next message that contains a text and resolves at `moment`. With several texts it holds the message with
   * the last one on a connection that carried the others before, since other connections send COMMIT too.
   */
  hold(moment: Moment, ...texts: readonly string[]): Promise<Held> {
    return new Promise((resolve) => {
      this.watch = { moment, texts, resolve };
    });
  }

  /** Whether the server's answer to one message is complete. */
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
        // An end, unlike a reset, lets the client read the bytes that were sent before.
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

  /** Finds the message to hold on one connection. Both sides write a short message in one piece. */
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
