import { randomFillSync } from 'node:crypto';
import { v7 } from 'uuid';

const BYTES = 16;
/** Random bytes in stock: asking for them costs the same for sixteen and for thousands. */
const stock = new Uint8Array(256 * BYTES);
let taken = stock.length;

function randomBytes(): Uint8Array {
  if (taken === stock.length) {
    randomFillSync(stock);
    taken = 0;
  }
  return stock.subarray(taken, (taken += BYTES));
}

/**
 * A new UUIDv7 (RFC 9562 section 5.7), made here because PostgreSQL makes them only from version 18.
 * @param now milliseconds since the Unix epoch: the time the id will carry
 */
export function newId(now: number): string {
  return v7({ msecs: now, random: randomBytes() });
}
