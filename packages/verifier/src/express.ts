import type { IncomingMessage, ServerResponse } from 'node:http';
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
  return (request, response, next) => {
    verifier.authenticate(request, options).then(
      (token) => {
        remember(request, token);
        next();
      },
      (error: unknown) => {
        if (!(error instanceof VerifierError)) return next(error);
        const { status, headers, body } = answerTo(error, request.headers['x-request-id']);
        response.writeHead(status, headers).end(JSON.stringify(body));
      },
    );
  };
}
