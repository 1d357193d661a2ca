import { Pool, type Client, type PoolConfig } from 'pg';

/**
 * A pool that keeps idle connections only. One that is given back while its statement runs or its transaction is open
 * is closed: the client's time limit had passed, its ROLLBACK was never sent, and whoever used the connection next
 * would commit what was answered with 503. Closing one too many, whose statement has only just failed, costs a new one.
 */
export class IdlePool extends Pool {
  constructor(config: PoolConfig) {
    super(config);
    this.on('release', (_error, client) => {
      if (!isIdle(client as unknown as Connection)) void (client as unknown as Client).end();
    });
  }
}

/** What the types of `pg` leave out. */
interface Connection {
  /** Whether the server has answered all it was sent. */
  readonly readyForQuery: boolean;
  /** `I` outside of a transaction. */
  getTransactionStatus(): string | null;
}

function isIdle(connection: Connection): boolean {
  return connection.readyForQuery && connection.getTransactionStatus() === 'I';
}
