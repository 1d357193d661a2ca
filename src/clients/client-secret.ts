import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** Every secret begins with it, so that scanners find secrets in repositories and logs. */
const PREFIX = 'latchkey_secret_';
const BYTES = 32;
/** Stands for an absent hash: no secret hashes to zeros. */
const ABSENT = Buffer.alloc(32);

/** A new secret: 256 random bits behind a prefix. Its letters need no escaping in a URL, a form or a header. */
export function newClientSecret(): string {
  return PREFIX + randomBytes(BYTES).toString('base64url');
}

/**
 * The stored form of a secret. One round of SHA-256 is enough: slow hashes protect passwords that people choose, and 256
 * random bits cannot be guessed at any speed. A slow hash would only slow down each request of a client.
 */
export function hashClientSecret(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

/** Whether a secret has one of these hashes. The time depends neither on which one matches nor on how many there are. */
export function matchesOneOf(secret: string, hashes: readonly Buffer[]): boolean {
  const given = hashClientSecret(secret);
  let matches = false;
  // A client has two valid secrets at most; an absent one costs a comparison too.
  for (const hash of [hashes[0] ?? ABSENT, hashes[1] ?? ABSENT]) {
    matches = timingSafeEqual(given, hash) || matches;
  }
  return matches;
}
