import { isUtf8 } from 'node:buffer';
import { FIRST_PARTY } from '../access/principal.js';
import { AppError } from '../platform/kernel/app-error.js';

/** The id and secret of a confidential client, as its request sends them. */
export interface ClientCredentials {
  readonly id: string;
  readonly secret: string;
}

export interface ClientFields {
  readonly client_id?: string | undefined;
  readonly client_secret?: string | undefined;
}

/**
 * Reads the client's credentials (RFC 6749 section 2.3.1) from the Basic header or the form. Undefined for the public
 * client of the service's own logins: no credentials, the id `first-party` alone, or the empty Basic credentials that
 * Swagger UI and some OAuth libraries send for a public client.
 * @throws AppError `invalid_client` for malformed or incomplete credentials, `validation_failed` if a request uses both
 * methods
 */
export function clientCredentials(
  authorization: string | undefined,
  { client_id: formId = '', client_secret: formSecret = '' }: ClientFields,
): ClientCredentials | undefined {
  const basic = authorization === undefined ? undefined : basicCredentials(authorization);
  if (!basic) return completeCredentials({ id: formId, secret: formSecret });
  // The id alone is no authentication, so the form may repeat the id of the header.
  if (formSecret !== '' || (formId !== '' && formId !== basic.id)) {
    throw new AppError('validation_failed', {
      detail: 'The client must authenticate in one way, not in two',
    });
  }
  return completeCredentials(basic);
}

/** The `invalid_client` error of RFC 6749 section 5.2. @param cause for the log alone */
export function invalidClient(cause: string): AppError {
  return new AppError('invalid_client', {
    headers: { 'www-authenticate': 'Basic realm="latchkey"' },
    diagnosis: { cause },
  });
}

/** Undefined for the public client. */
function completeCredentials({ id, secret }: ClientCredentials): ClientCredentials | undefined {
  if (secret !== '' && id !== '' && id !== FIRST_PARTY) return { id, secret };
  if (secret === '' && (id === '' || id === FIRST_PARTY)) return undefined;
  throw invalidClient(secret === '' ? 'a client without a secret' : 'a secret without its client');
}

/** Undefined for empty credentials (`Basic Og==`). */
function basicCredentials(authorization: string): ClientCredentials | undefined {
  const encoded = /^basic +([A-Za-z0-9+/]*={0,2})$/i.exec(authorization)?.[1];
  const bytes = Buffer.from(encoded ?? '', 'base64');
  // Replaced bytes would make two different secrets read alike.
  if (!isUtf8(bytes)) throw invalidClient('credentials that are not UTF-8');
  const [, id, secret] = /^([^:]*):(.*)$/s.exec(bytes.toString()) ?? [];
  if (id === undefined || secret === undefined) throw invalidClient('no Basic credentials');
  return id === '' && secret === '' ? undefined : { id: formDecoded(id), secret: formDecoded(secret) };
}

/** RFC 6749 section 2.3.1: id and secret are form-encoded before they go into the header. */
function formDecoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw invalidClient('credentials that are not form-encoded');
  }
}
