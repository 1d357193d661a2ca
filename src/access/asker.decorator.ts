import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { setImmediate } from 'node:timers/promises';

/** Whoever sent a request and waits for its answer. */
export interface Asker {
  /** Whether they closed the connection, so that no answer reaches them. */
  hasLeft(): Promise<boolean>;
}

/** The {@link Asker} of the current request. */
export const CurrentAsker = createParamDecorator((_: unknown, context: ExecutionContext): Asker => {
  const { socket } = context.switchToHttp().getRequest<FastifyRequest>().raw;
  return {
    hasLeft: async () => {
      // The end of a connection may lie in the queue behind the answer of the database that asked for this.
      await setImmediate();
      return socket.destroyed || socket.readableEnded;
    },
  };
});
