import { createHash } from 'node:crypto';

interface BloomFilter {
  /** How many bits each password sets. */
  readonly hashes: number;
  readonly bits: Buffer;
}

let loading: Promise<BloomFilter> | undefined;

/**
 * Whether a password is among the 474,743 most frequent ones of published breaches that have at least eight characters.
 * The list is a Bloom filter of 1.7 MB, made by tools/common-passwords.js: of a million other passwords one is taken for one
 * of the list. It is loaded on first use and stays in memory.
 * @param password in NFKC and lower case
 */
export async function isCommonPassword(password: string): Promise<boolean> {
  loading ??= load();
  const { bits, hashes } = await loading;
  const digest = createHash('sha256').update(password).digest();
  const start = digest.readUInt32LE(0);
  const step = (digest.readUInt32LE(4) | 1) >>> 0;
  for (let index = 0; index < hashes; index++) {
    const bit = (start + index * step) % (bits.length * 8);
    if (((bits[bit >>> 3] as number) & (1 << (bit & 7))) === 0) return false;
  }
  return true;
}

async function load(): Promise<BloomFilter> {
  const file = await import('./common-passwords.json', { with: { type: 'json' } });
  return { hashes: file.default.hashes, bits: Buffer.from(file.default.filter, 'base64') };
}
