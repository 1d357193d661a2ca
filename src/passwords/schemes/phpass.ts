import { createHash, createHmac } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { boundedWork } from '../hash-work.js';
import { sameBytes, UnusableHash, type HashReader } from '../stored-hash.js';

const ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** `$P$` (WordPress) or `$H$` (phpBB), the exponent of the rounds as one letter, 8 of salt, 22 of hash. */
const FORM = /^\$[PH]\$([./0-9A-Za-z])([./0-9A-Za-z]{8})([./0-9A-Za-z]{22})$/;
/** Rounds between two turns of the event loop: a millisecond or less. */
const ROUNDS_PER_TURN = 512;
/** In bytes. phpass and WordPress refuse longer passwords, because each round reads the whole password. */
const PASSWORD_MAX = 4096;
const WORDPRESS = '$wp$2';

/** The portable hashes of phpass: MD5 of the former digest and the password, again and again. */
export const phpassHash: HashReader = (stored) => {
  if (!/^\$[PH]\$/.test(stored)) return undefined;
  const [, exponent = '', salt = '', digest = ''] = FORM.exec(stored) ?? [];
  if (exponent === '') throw new UnusableHash('malformed_hash');
  const rounds = 2 ** ALPHABET.indexOf(exponent);
  return {
    scheme: 'phpass',
    work: boundedWork('phpass', rounds),
    verify: async (password) => {
      if (Buffer.byteLength(password) > PASSWORD_MAX) return false;
      return sameBytes(Buffer.from(encoded(await stretched(salt, password, rounds))), Buffer.from(digest));
    },
  };
};

/** WordPress from 6.8: bcrypt of an HMAC in base64, so that passwords beyond 72 bytes count in full. */
export const wordpressHash: HashReader = (stored, readOther) => {
  if (!stored.startsWith(WORDPRESS)) return undefined;
  const { work, verify } = readOther(stored.slice('$wp'.length));
  return {
    scheme: 'bcrypt (WordPress)',
    work,
    verify: (password) => verify(createHmac('sha384', 'wp-sha384').update(password).digest('base64')),
  };
};

/** Runs in the main thread, because Node's pool has no such function, and lets other work run in between. */
async function stretched(salt: string, password: string, rounds: number): Promise<Buffer> {
  let digest = createHash('md5').update(salt).update(password).digest();
  for (let round = 1; round <= rounds; round++) {
    digest = createHash('md5').update(digest).update(password).digest();
    if (round % ROUNDS_PER_TURN === 0) await nextTurn();
  }
  return digest;
}

/** Base64 with phpass's alphabet and the lowest bits first. */
function encoded(bytes: Buffer): string {
  let text = '';
  for (let start = 0; start < bytes.length; start += 3) {
    const three = bytes.subarray(start, start + 3);
    let value = three.reduce((sum, byte, place) => sum + byte * 256 ** place, 0);
    for (let letter = 0; letter <= three.length; letter++, value >>= 6) text += ALPHABET[value & 63];
  }
  return text;
}
