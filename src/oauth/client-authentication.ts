import { AppError } from '../kernel/app-error.js';

/**
 * Refuses requests that authenticate a client (RFC 6749 section 2.3): there are none yet. Swagger UI and many OAuth
 * libraries send `Basic` with an empty name and secret for a public client; that authenticates nobody and is let be.
 * @throws AppError `invalid_client`
 */
export function assertNoClient(authorization: string | undefined, clientId: string | undefined): void {
  if (clientId) throw invalidClient();
  if (authorization === undefined) return;
  const encoded = /^basic +([A-Za-z0-9+/]*={0,2})$/i.exec(authorization)?.[1];
  if (encoded === undefined || Buffer.from(encoded, 'base64').toString() !== ':') throw invalidClient();
}

function invalidClient(): AppError {
  return new AppError('invalid_client', { headers: { 'www-authenticate': 'Basic realm="latchkey"' } });
}
