import { verify } from 'argon2';
import { ARGON2_MAX } from '../../platform/config/argon2-work.js';
import { boundedArgon2Work } from '../hash-work.js';
import { normalizePassword } from '../password-policy.js';
import { bytesOf, costOf, digestOf, UnusableHash, type StoredHash } from '../stored-hash.js';

/** The PHC string format. A missing version means 1.0 (0x10). */
const FORM =
  /^\$(argon2(?:id|i|d))\$(?:v=(?:16|19)\$)?m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;
const DJANGO = 'argon2$argon2';
const SALT_MIN = 8;
/** RFC 9106 section 3.1: the least memory of a lane. */
const KIB_PER_LANE = 8;

/**
 * argon2id, argon2i and argon2d as PHC strings, and Django's `argon2$argon2id$…`. A PHC string does not name the system
 * that made it. Latchkey hashes the normalized password and other systems the password as typed, so both are tried
 * if they differ.
 */
export function argon2Hash(stored: string): StoredHash | undefined {
  const django = stored.startsWith(DJANGO);
  const written = django ? stored.slice('argon2'.length) : stored;
  if (!written.startsWith('$argon2')) return undefined;
  const [, type, memory, time, lanes, salt = '', digest = ''] = FORM.exec(written) ?? [];
  if (type === undefined) throw new UnusableHash('malformed_hash');
  const memoryKib = costOf(memory, ARGON2_MAX.memoryKib);
  const parallelism = costOf(lanes, ARGON2_MAX.parallelism);
  if (memoryKib < KIB_PER_LANE * parallelism) throw new UnusableHash('malformed_hash');
  const work = boundedArgon2Work(memoryKib, costOf(time), parallelism);
  if (bytesOf(salt).length < SALT_MIN) throw new UnusableHash('malformed_hash');
  digestOf(digest);
  return {
    scheme: django ? `${type} (Django)` : type,
    work,
    verify: async (password) => {
      const normalized = normalizePassword(password);
      if (!django && (await verify(written, normalized))) return true;
      return (django || normalized !== password) && verify(written, password);
    },
  };
}
