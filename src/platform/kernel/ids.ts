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

const last = { now: -1, sequence: 0 };

/**
 * A new UUIDv7 (RFC 9562 section 5.7), made here because PostgreSQL makes them only from version 18. One that is made
 * later in the same millisecond sorts after it (section 6.2, method 1): two events of one transaction stay in order.
 * @param now milliseconds since the Unix epoch: the time the id will carry
 */
export function newId(now: number): string {
  const random = randomBytes();
  // 31 bits at random, so that counting on from there does not run over.
  const fresh = new DataView(random.buffer, random.byteOffset).getUint32(0) >>> 1;
  last.sequence = now === last.now ? last.sequence + 1 : fresh;
  last.now = now;
  return v7({ msecs: now, seq: last.sequence, random });
}

/**
 * The lowest id that {@link newId} makes at this time or later: what has an index by id is found by time too.
 * @param now milliseconds since the Unix epoch; before it there was none
 */
export function lowestIdOf(now: number): string {
  const time = Math.max(0, Math.trunc(now)).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-000000000000`;
}
