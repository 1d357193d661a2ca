import { compare } from 'bcrypt';
import { createHash } from 'node:crypto';
import { boundedWork } from '../hash-work.js';
import { UnusableHash, type StoredHash } from '../stored-hash.js';

/** $2a$, $2b$ (OpenBSD) and $2y$ (PHP, passlib) are one algorithm. */
const FORM = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;
const COST_MIN = 4;
/** bcrypt ignores everything beyond 72 bytes, so longer passwords never match. */
const MAX_BYTES = 72;

/**
 * bcrypt, and Django's `bcrypt$…` and `bcrypt_sha256$…`. The latter hashes the hexadecimal SHA-256 of the password and so
 * covers passwords of any length.
 */
export function bcryptHash(stored: string): StoredHash | undefined {
  const [, django, written = ''] = /^(?:(bcrypt|bcrypt_sha256)\$)?(\$2.*)$/s.exec(stored) ?? [];
  if (written === '') return undefined;
  const cost = FORM.exec(written)?.[1];
  if (cost === undefined || Number(cost) < COST_MIN) throw new UnusableHash('malformed_hash');
  const work = boundedWork('bcrypt', 2 ** Number(cost));
  const comparable = written.replace('$2y$', '$2b$');
  if (django === 'bcrypt_sha256') {
    const digest = (password: string): string => createHash('sha256').update(password).digest('hex');
    return {
      scheme: 'bcrypt-sha256 (Django)',
      work,
      verify: (password) => compare(digest(password), comparable),
    };
  }
  return {
    scheme: django === undefined ? 'bcrypt' : 'bcrypt (Django)',
    work,
    // The length is checked last, so that long and short passwords take the same time.
    verify: async (password) =>
      (await compare(password, comparable)) && Buffer.byteLength(password) <= MAX_BYTES,
  };
}
