import { connect } from 'node:net';
import { join } from 'node:path';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '@latchkey/embedded-postgres';

const CHECK_INTERVAL_MS = 1000;

/**
 * Restarts the embedded server after it was killed: PostgreSQL recovers committed data, the pool reconnects, and the
 * service keeps running. Only a server on a Unix socket keeps its address; a server on a TCP port would get a new one,
 * so it is restarted with the service.
 */
export class KeptServer {
  private readonly timer: NodeJS.Timeout;
  private reviving: Promise<void> | undefined;
  private closed = false;

  constructor(
    private server: EmbeddedPostgres,
    private readonly dataDir: string,
    private readonly onRevival: (error: unknown) => void,
  ) {
    this.timer = setInterval(() => {
      this.reviving ??= this.reviveWhereDead().finally(() => {
        this.reviving = undefined;
      });
    }, CHECK_INTERVAL_MS);
    this.timer.unref();
  }

  /** Stops the server unless other processes use it; idempotent. */
  async close(): Promise<void> {
    this.closed = true;
    clearInterval(this.timer);
    await this.reviving;
    await this.server.stop();
  }

  private async reviveWhereDead(): Promise<void> {
    const { host, port } = this.server.connection;
    if (!host.startsWith('/') || (await answers(join(host, `.s.PGSQL.${port}`))) || this.closed) return;
    try {
      const dead = this.server;
      this.server = await startEmbeddedPostgres({ dataDir: this.dataDir });
      await dead.stop();
      this.onRevival(undefined);
    } catch (error) {
      this.onRevival(error);
    }
  }
}

/** Whether a server listens on a socket, busy or not. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
