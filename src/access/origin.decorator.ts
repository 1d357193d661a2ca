import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { isIP } from 'node:net';

/** The origin of a request, for the user's list of sessions and the audit log. */
export interface Origin {
  /** The client's address, through trusted proxies only. */
  readonly ip: string | null;
  readonly userAgent: string | null;
  readonly requestId: string | null;
}

const USER_AGENT_MAX = 256;

/** The {@link Origin} of a request. */
export function originOf(request: FastifyRequest): Origin {
  // Header bytes are latin-1 and may hold control characters, which must not reach the list of sessions.
  const userAgent = request.headers['user-agent']?.replace(/\p{Cc}/gu, '').slice(0, USER_AGENT_MAX);
  // A proxy may send a text that is no address.
  const ip = isIP(request.ip) ? request.ip : null;
  return { ip, userAgent: userAgent ?? null, requestId: request.id };
}

/** The {@link Origin} of the current request. */
export const RequestOrigin = createParamDecorator((_: unknown, context: ExecutionContext): Origin => {
  return originOf(context.switchToHttp().getRequest<FastifyRequest>());
});
