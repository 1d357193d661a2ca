import { v7, validate, version } from 'uuid';

/**
 * A new UUIDv7 (RFC 9562 section 5.7), made here because PostgreSQL makes them only from version 18.
 * @param now milliseconds since the Unix epoch: the time the id will carry
 */
export function newId(now: number): string {
  return v7({ msecs: now });
}

/** The time in milliseconds that a UUIDv7 carries, or undefined where the text is no UUIDv7. */
export function idTime(id: string): number | undefined {
  if (!validate(id) || version(id) !== 7) return undefined;
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}
