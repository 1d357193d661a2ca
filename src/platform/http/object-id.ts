import { validate as isUuid } from 'uuid';
import { AppError } from '../kernel/app-error.js';

/** An id in lower case; a text that is no UUID, such as a role's name or a `kid`, stays as it is. */
export function canonicalId(text: string): string {
  return isUuid(text) ? text.toLowerCase() : text;
}

/**
 * The id of a path in lower case, because tokens, revocations and the log compare ids as text.
 * @throws AppError `not_found` where the text is no UUID, as for an unknown id
 */
export function objectId(text: string): string {
  if (!isUuid(text)) throw new AppError('not_found');
  return text.toLowerCase();
}
