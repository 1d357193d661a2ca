import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { TestDatabase, TestTarget } from './database.js';

/** Stands between a service and its database, so that a test can take the database away and give it back. */
export class DatabaseProxy {
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;
  private stalled = false;
  private port = 0;

  private constructor(private readonly origin: TestTarget) {
    this.server = createServer((socket) => this.forward(socket));
  }

  static async before(database: TestDatabase): Promise<DatabaseProxy> {
    const proxy = new DatabaseProxy(database.target);
    await proxy.restore();
    return proxy;
  }

  /** Where the service should connect to. */
  get target(): TestTarget {
    return { ...this.origin, host: '127.0.0.1', port: this.port };
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

  private forward(socket: Socket): void {
    const { host, port } = this.origin;
    const upstream = host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host);
    this.join(socket, upstream);
    this.join(upstream, socket);
    if (this.stalled) this.stall();
  }

  private join(from: Socket, to: Socket): void {
    this.sockets.add(from);
    from.on('data', (chunk) => to.write(chunk));
    from.on('error', () => undefined);
    from.on('close', () => {
      this.sockets.delete(from);
      to.destroy();
    });
  }
}
