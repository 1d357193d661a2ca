import type { IncomingMessage, ServerResponse } from 'node:http';
import { callbackify } from 'node:util';
import { refusalFor, attachToken } from './authenticated.js';
import type { Verifier, VerifyOptions } from './verifier.js';
import { VerifierError } from './verifier-error.js';

export { tokenOf } from './authenticated.js';

type Middleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/**
 * Middleware for Express, Connect and frameworks with the same signature. Accepts requests whose token is valid and has
 * every scope of `options.scopes`; answers all others itself.
 */
export function authenticate(verifier: Verifier, options: VerifyOptions = {}): Middleware {
  const isAccepted = async (request: IncomingMessage, response: ServerResponse): Promise<boolean> => {
    try {
      attachToken(request, await verifier.authenticate(request, options));
      return true;
    } catch (error) {
      if (!(error instanceof VerifierError)) throw error;
      const { status, headers, body } = refusalFor(error, request.headers['x-request-id']);
      response.writeHead(status, headers).end(JSON.stringify(body));
      return false;
    }
  };
  // next() runs outside the promise, so that the framework catches the errors of the next handler.
  const check = callbackify(isAccepted);
  return (request, response, next) =>
    check(request, response, (error, accepted) => {
      if (error) next(error);
      else if (accepted) next();
    });
}
