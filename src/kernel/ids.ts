import { v7 } from 'uuid';

/**
 * A new UUIDv7 (RFC 9562 section 5.7), made here because PostgreSQL makes them only from version 18.
 * @param now milliseconds since the Unix epoch: the time the id will carry
 */
export function newId(now: number): string {
  return v7({ msecs: now });
}
