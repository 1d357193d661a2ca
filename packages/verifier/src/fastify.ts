import type { IncomingMessage } from 'node:http';
import { refusalFor, attachToken } from './authenticated.js';
import type { Verifier, VerifyOptions } from './verifier.js';
import { VerifierError } from './verifier-error.js';

export { tokenOf } from './authenticated.js';

interface Reply {
  code(status: number): unknown;
  headers(values: Record<string, string>): unknown;
  send(body: unknown): unknown;
}
type Hook = (request: { readonly raw: IncomingMessage }, reply: Reply) => Promise<unknown>;

/**
 * An `onRequest` hook for Fastify. Accepts requests whose token is valid and has every scope of `options.scopes`;
 * answers all others itself.
 */
export function authenticate(verifier: Verifier, options: VerifyOptions = {}): Hook {
  return async (request, reply) => {
    try {
      attachToken(request, await verifier.authenticate(request.raw, options));
      return undefined;
    } catch (error) {
      if (!(error instanceof VerifierError)) throw error;
      const { status, headers, body } = refusalFor(error, request.raw.headers['x-request-id']);
      reply.code(status);
      reply.headers({ ...headers });
      reply.send(JSON.stringify(body));
      return reply;
    }
  };
}
