import type { IncomingMessage, ServerResponse } from 'node:http';
import { callbackify } from 'node:util';
import { answerTo, remember } from './authenticated.js';
import type { Verifier, VerifyOptions } from './verifier.js';
import { VerifierError } from './verifier-error.js';

export { tokenOf } from './authenticated.js';

type Middleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/** Middleware for Express, Connect and everything of that form: lets in who has a good token and all `scopes`. */
export function authenticate(verifier: Verifier, options: VerifyOptions = {}): Middleware {
  const letIn = async (request: IncomingMessage, response: ServerResponse): Promise<boolean> => {
    try {
      remember(request, await verifier.authenticate(request, options));
      return true;
    } catch (error) {
      if (!(error instanceof VerifierError)) throw error;
      const { status, headers, body } = answerTo(error, request.headers['x-request-id']);
      response.writeHead(status, headers).end(JSON.stringify(body));
      return false;
    }
  };
  // Out of the promise, so that what the next handler throws is the framework's and no unhandled rejection.
  const judge = callbackify(letIn);
  return (request, response, next) =>
    judge(request, response, (error, isIn) => {
      if (error) next(error);
      else if (isIn) next();
    });
}
