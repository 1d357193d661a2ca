import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { setImmediate } from 'node:timers/promises';

/** Whoever sent a request and waits for its answer. */
export interface ClientConnection {
  /** Whether they closed the connection, so that no answer reaches them. */
  isClosed(): Promise<boolean>;
}

/** The {@link ClientConnection} of the current request. */
export const CurrentConnection = createParamDecorator(
  (_: unknown, context: ExecutionContext): ClientConnection => {
    const { socket } = context.switchToHttp().getRequest<FastifyRequest>().raw;
    return {
      isClosed: async () => {
        // The end of a connection may lie in the queue behind the answer of the database that asked for this.
        await setImmediate();
        return socket.destroyed || socket.readableEnded;
      },
    };
  },
);
