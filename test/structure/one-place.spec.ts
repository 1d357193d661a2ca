import { expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const SOURCES = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.spec.ts'))
  .map((path) => ({ path, text: readFileSync(join('src', path), 'utf8') }));

function filesWith(pattern: RegExp): string[] {
  return SOURCES.filter(({ text }) => pattern.test(text)).map(({ path }) => path);
}

it('one place signs tokens, and the same one verifies them', () => {
  expect(filesWith(/\bjwt\.sign\w*\(/)).toEqual([join('auth', 'token.service.ts')]);
  expect(filesWith(/\bsignatureVerifies\(/)).toEqual([join('auth', 'token.service.ts')]);
  expect(filesWith(/\bjwt\.verify\w*\(|from 'jsonwebtoken'/)).toEqual([]);
});

it('one place reads the environment, beside what Windows insists that child processes get of it', () => {
  const readers = [join('platform', 'config', 'environment.ts')];
  expect(filesWith(/process\.env\b/)).toEqual(readers);
});
