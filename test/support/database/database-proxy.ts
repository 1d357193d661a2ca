import type { TestTarget } from './database.js';
import { TcpProxy } from '../http/tcp-proxy.js';

/** ReadyForQuery: type, length and a state that varies. The server writes this message last, after the commit. */
const READY_FOR_QUERY = Buffer.from('Z\0\0\0\x05');

/** The ErrorResponse that PostgreSQL sends when it stops, or when an administrator ends a connection. */
export const TERMINATED = errorResponse('57P01', 'terminating connection due to administrator command');

function errorResponse(sqlState: string, message: string): Buffer {
  const fields = Buffer.from(`SFATAL\0VFATAL\0C${sqlState}\0M${message}\0\0`);
  const head = Buffer.from('E\0\0\0\0');
  head.writeInt32BE(fields.length + 4, 1);
  return Buffer.concat([head, fields]);
}

/** A proxy between a service and its database. */
export class DatabaseProxy extends TcpProxy {
  private constructor(private readonly origin: TestTarget) {
    super(origin);
  }

  static async before({ target }: { readonly target: TestTarget }): Promise<DatabaseProxy> {
    const proxy = new DatabaseProxy(target);
    await proxy.restore();
    return proxy;
  }

  /** The address to which the service connects. */
  get target(): TestTarget {
    return { ...this.origin, host: '127.0.0.1', port: this.port };
  }

  protected isWhole(answer: Buffer): boolean {
    return answer.subarray(-READY_FOR_QUERY.length - 1, -1).equals(READY_FOR_QUERY);
  }
}
