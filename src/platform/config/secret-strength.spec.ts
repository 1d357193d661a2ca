import { describe, expect, it } from '@jest/globals';
import { randomBytes, randomUUID } from 'node:crypto';
import { secretWeakness } from './secret-strength.js';

/** Random base64 that contains a short word by chance, as one random key in a thousand does. */
function randomAround(word: string): string {
  return randomBytes(24).toString('base64') + word + randomBytes(15).toString('base64');
}

describe('a signing secret', () => {
  it.each([
    ['openssl rand -hex 16', '1c3f0a9be27d4856f0b1957ae83c642d'],
    ['openssl rand -hex 32', randomBytes(32).toString('hex')],
    ['openssl rand -hex 64', randomBytes(64).toString('hex')],
    ['head -c 32 /dev/urandom | xxd -p', randomBytes(32).toString('hex').toUpperCase()],
    ['uuidgen', randomUUID()],
  ])('is accepted as %s prints it', (_command, key) => {
    expect(secretWeakness(key)).toBeUndefined();
  });

  it('is accepted when letters of a random text spell a word by chance', () => {
    expect(secretWeakness(randomAround('jWt'))).toBeUndefined();
  });

  it('is refused under 32 bytes, and the message names both lengths', () => {
    expect(secretWeakness(randomBytes(16).toString('hex').slice(1))).toBe(
      'is 31 bytes long; at least 32 bytes are needed',
    );
  });

  it('is measured in bytes, not in characters', () => {
    const text = 'žŠöçąęłńśźżûîôâêëïüÿæœßðþøåñéèáà';
    expect(Buffer.byteLength(text)).toBeGreaterThan(text.length);
    expect(secretWeakness(text.slice(0, 28))).toBeUndefined();
  });

  it.each([
    '09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7',
    '404E635266556A586E3272357538782F413F4428472B4B6250645367566B5970',
    '413F4428472B4B6250655368566D5970337336763979244226452948404D6351',
    '3cfa76ef14937c1c0ea519f8fc057a80fcd04a7420f8e8bcd0a7567c272e007b',
    '======================BezKoder=Spring===========================',
    'a-string-secret-at-least-256-bits-long',
    'super-secret-jwt-token-with-at-least-32-characters-long',
  ])('is refused when published in a tutorial: %s', (key) => {
    expect(secretWeakness(key)).toBeDefined();
  });

  it.each([
    'CHANGE_ME_to_64_random_hex_digits_0a9f',
    'changethis-changethis-before-you-deploy',
    'please-replace-with-openssl-rand-hex-32',
    'your-256-bit-key-goes-here-9f8e7d6c5b4a',
    'django-insecure-n1x#k&v=5)q7@w3^e9_r2t*',
    'This is the DEFAULT key of our service',
    Buffer.from('my-own-signing-secret-of-tuesday').toString('base64'),
    Buffer.from('my-own-signing-secret-of-tuesday').toString('hex'),
  ])('is refused when it is a placeholder or a phrase, encoded or not: %s', (key) => {
    expect(secretWeakness(key)).toBe('looks like a placeholder');
  });

  it.each(['a'.repeat(64), '0'.repeat(32), 'abc'.repeat(20), '9f8e7d6c'.repeat(8)])(
    'is refused where it repeats itself: %s',
    (key) => {
      expect(secretWeakness(key)).toBe('repeats itself');
    },
  );

  it.each([
    '12345678901234567890123456789012',
    'abcdefghijklmnopqrstuvwxyz0123456789',
    'zyxwvutsrqponmlkjihgfedcba987654',
  ])('is refused when it is a sequence: %s', (key) => {
    expect(secretWeakness(key)).toBe('is a sequence of neighbouring characters');
  });

  it.each(['deadbeefdeadbeefdeadbeefdeadbeef0', 'axaxaxaxbxaxaxaxaxaxaxcxaxaxaxaxax'])(
    'is refused where it has little entropy: %s',
    (key) => {
      expect(secretWeakness(key)).toMatch(/entropy/);
    },
  );

  it('is refused with surrounding white space, which editors add and other implementations keep', () => {
    const key = randomBytes(32).toString('hex');
    for (const text of [` ${key}`, `${key} `, `${key}\n`, `\t${key}`]) {
      expect(secretWeakness(text)).toBe('starts or ends with white space');
    }
  });

  it('never appears in the message, in whole or in part', () => {
    for (const key of ['hunter2hunter3', 'hunter2-default-hunter2-default-hunter2', 'hunter2'.repeat(6)]) {
      expect(secretWeakness(key)).toBeDefined();
      expect(secretWeakness(key)).not.toContain('hunter2');
    }
  });
});
