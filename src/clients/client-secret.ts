import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** What every secret begins with, so that scanners of repositories and logs find one that got there. */
const PREFIX = 'latchkey_secret_';
const BYTES = 32;
const NOBODYS = Buffer.alloc(32);

/** A new secret: 256 random bits behind a prefix. Its letters need no escaping in a URL, a form or a header. */
export function newClientSecret(): string {
  return PREFIX + randomBytes(BYTES).toString('base64url');
}

/**
 * What is stored of a secret. One round of SHA-256 is enough: a slow hash makes the guessing of what people think up
 * dear, and 256 random bits cannot be guessed at any speed. A slow one would only cost each request of a client.
 */
export function hashClientSecret(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

/** Whether a secret has one of these hashes, in a time that does not depend on which, or on whether there are any. */
export function matchesOneOf(secret: string, hashes: readonly Buffer[]): boolean {
  const given = hashClientSecret(secret);
  let matches = false;
  // There are two at most; places that are empty are compared too.
  for (const hash of [hashes[0] ?? NOBODYS, hashes[1] ?? NOBODYS]) {
    matches = timingSafeEqual(given, hash) || matches;
  }
  return matches;
}
