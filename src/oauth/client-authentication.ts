import { FIRST_PARTY } from '../access/principal.js';
import { AppError } from '../platform/kernel/app-error.js';

/** What a request says about the client that sends it. */
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
 * client of the service's own logins: nothing at all, the id `first-party` alone, or the empty Basic credentials that
 * Swagger UI and some OAuth libraries send where there is no client.
 * @throws AppError `invalid_client` where they are none, `validation_failed` where a request uses both methods
 */
export function clientCredentials(
  authorization: string | undefined,
  { client_id: formId = '', client_secret: formSecret = '' }: ClientFields,
): ClientCredentials | undefined {
  const basic = authorization === undefined ? undefined : basicCredentials(authorization);
  if (!basic) return known({ id: formId, secret: formSecret });
  // The id alone authenticates nobody, so it may stand in the form beside the header, if it is the same.
  if (formSecret !== '' || (formId !== '' && formId !== basic.id)) {
    throw new AppError('validation_failed', {
      detail: 'The client must authenticate in one way, not in two',
    });
  }
  return known(basic);
}

export function invalidClient(cause: string): AppError {
  return new AppError('invalid_client', {
    headers: { 'www-authenticate': 'Basic realm="latchkey"' },
    diagnosis: { cause },
  });
}

function known({ id, secret }: ClientCredentials): ClientCredentials | undefined {
  if (secret !== '' && id !== '' && id !== FIRST_PARTY) return { id, secret };
  if (secret === '' && (id === '' || id === FIRST_PARTY)) return undefined;
  throw invalidClient(secret === '' ? 'a client without a secret' : 'a secret without its client');
}

/** Undefined for the empty ones. */
function basicCredentials(authorization: string): ClientCredentials | undefined {
  const encoded = /^basic +([A-Za-z0-9+/]*={0,2})$/i.exec(authorization)?.[1];
  const [, id, secret] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded ?? '', 'base64').toString()) ?? [];
  if (id === undefined || secret === undefined) throw invalidClient('no Basic credentials');
  return id === '' && secret === '' ? undefined : { id: formDecoded(id), secret: formDecoded(secret) };
}

/** RFC 6749 section 2.3.1: both are encoded as in a form before they go into the header. */
function formDecoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw invalidClient('credentials that are not form-encoded');
  }
}
