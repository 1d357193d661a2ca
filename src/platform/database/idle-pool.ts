import { Pool, type Client, type PoolConfig } from 'pg';
import { PinnedClient } from './pinned-client.js';

/**
 * A pool that keeps only idle connections. It closes a connection that is released while its statement runs or its
 * transaction is open: the client timed out before it sent ROLLBACK, and the next user of the connection would commit
 * work that was answered with 503. Closing a connection whose statement just failed costs one reconnect.
 */
export class IdlePool extends Pool {
  constructor(config: PoolConfig) {
    super({ ...config, Client: PinnedClient });
    this.on('release', (_error, client) => {
      if (!isIdle(client as unknown as Connection)) void (client as unknown as Client).end();
    });
  }
}

/** Members that the types of `pg` leave out. */
interface Connection {
  /** Whether the server has answered every statement. */
  readonly readyForQuery: boolean;
  /** `I` outside of a transaction. */
  getTransactionStatus(): string | null;
}

function isIdle(connection: Connection): boolean {
  return connection.readyForQuery && connection.getTransactionStatus() === 'I';
}
