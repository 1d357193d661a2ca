import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { setImmediate } from 'node:timers/promises';

/** The connection that a request came over. */
export interface ClientConnection {
  /** Whether the client closed the connection, so that no answer reaches it. */
  isClosed(): Promise<boolean>;
}

/** The {@link ClientConnection} of a request. */
export function connectionOf({ raw: { socket } }: FastifyRequest): ClientConnection {
  return {
    isClosed: async () => {
      // The event of the close may still be queued behind the database's answer that led here.
      await setImmediate();
      return socket.destroyed || socket.readableEnded;
    },
  };
}

/** The {@link ClientConnection} of the current request. */
export const CurrentConnection = createParamDecorator(
  (_: unknown, context: ExecutionContext): ClientConnection =>
    connectionOf(context.switchToHttp().getRequest<FastifyRequest>()),
);
