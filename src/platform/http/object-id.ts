import { validate as isUuid } from 'uuid';
import { AppError } from '../kernel/app-error.js';

/**
 * An id of a path, spelled as the service spells it: tokens, revocations and the log compare ids as text.
 * @throws AppError `not_found`, as for an id of nothing
 */
export function objectId(text: string): string {
  if (!isUuid(text)) throw new AppError('not_found');
  return text.toLowerCase();
}
