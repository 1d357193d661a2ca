import { bytesOf, UnusableHash, type HashReader } from '../stored-hash.js';
import { pbkdf2Check } from './pbkdf2.js';

const BASE64 = /^A[A-Za-z0-9+/]{50,}={0,2}$/;
const PRFS = ['sha1', 'sha256', 'sha512'] as const;
/** Version 2: a zero byte, 16 bytes of salt and 32 of PBKDF2-SHA1 with a thousand iterations. */
const VERSION_2 = { length: 49, salt: 17, iterations: 1000 } as const;
/** Version 3: a byte, three big-endian numbers (function, iterations, length of the salt), salt and hash. */
const VERSION_3_HEADER = 13;
const SALT_MIN = 16;
const DIGEST_MIN = 16;

/** ASP.NET Core Identity's PasswordHasher, versions 2 and 3: one text in base64. */
export const aspnetHash: HashReader = (stored) => {
  if (!BASE64.test(stored)) return undefined;
  const bytes = bytesOf(stored);
  if (bytes[0] === 0 && bytes.length === VERSION_2.length) {
    const parts = {
      hash: 'sha1',
      iterations: VERSION_2.iterations,
      salt: bytes.subarray(1, VERSION_2.salt),
    } as const;
    return pbkdf2Check('pbkdf2-sha1 (ASP.NET v2)', parts, bytes.subarray(VERSION_2.salt));
  }
  if (bytes[0] !== 1) return undefined;
  const [hash, iterations, saltLength] = [
    PRFS[bytes.readUInt32BE(1)],
    bytes.readUInt32BE(5),
    bytes.readUInt32BE(9),
  ];
  const salt = bytes.subarray(VERSION_3_HEADER, VERSION_3_HEADER + saltLength);
  const digest = bytes.subarray(VERSION_3_HEADER + saltLength);
  if (hash === undefined || iterations === 0 || salt.length < SALT_MIN || digest.length < DIGEST_MIN) {
    throw new UnusableHash('malformed_hash');
  }
  return pbkdf2Check(`pbkdf2-${hash} (ASP.NET v3)`, { hash, iterations, salt }, digest);
};
