import { randomFillSync } from 'node:crypto';
import { v7 } from 'uuid';

const BYTES = 16;
/** A pool of random bytes: filling thousands costs as much as filling sixteen. */
const pool = new Uint8Array(256 * BYTES);
let used = pool.length;

function randomBytes(): Uint8Array {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  return pool.subarray(used, (used += BYTES));
}

const last = { now: -1, sequence: 0 };

/**
 * A new UUIDv7 (RFC 9562 section 5.7), made here because PostgreSQL makes them only from version 18 on. Ids of the same
 * millisecond sort in the order they were made (section 6.2, method 1), so events of one transaction stay in order.
 * @param now milliseconds since the Unix epoch: the time the id will carry
 */
export function newId(now: number): string {
  const random = randomBytes();
  // 31 random bits leave room to count up without an overflow.
  const fresh = new DataView(random.buffer, random.byteOffset).getUint32(0) >>> 1;
  last.sequence = now === last.now ? last.sequence + 1 : fresh;
  last.now = now;
  return v7({ msecs: now, seq: last.sequence, random });
}

/**
 * The lowest id that {@link newId} can make at `now` or later; an index by id can then be searched by time.
 * @param now milliseconds since the Unix epoch; a negative time counts as the epoch
 */
export function lowestIdOf(now: number): string {
  const time = Math.max(0, Math.trunc(now)).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-000000000000`;
}
