import { expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const SOURCES = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.spec.ts'))
  .map((path) => ({ path, text: readFileSync(join('src', path), 'utf8') }));

function filesWith(pattern: RegExp): string[] {
  return SOURCES.filter(({ text }) => pattern.test(text)).map(({ path }) => path);
}

it('only the token service signs and verifies tokens', () => {
  expect(filesWith(/\bjwt\.sign\w*\(/)).toEqual([join('auth', 'token.service.ts')]);
  expect(filesWith(/\bsignatureVerifies\(/)).toEqual([join('auth', 'token.service.ts')]);
  expect(filesWith(/\bjwt\.verify\w*\(|from 'jsonwebtoken'/)).toEqual([]);
});

it('only one file reads the environment', () => {
  const readers = [join('platform', 'config', 'environment.ts')];
  expect(filesWith(/process\.env\b/)).toEqual(readers);
});
