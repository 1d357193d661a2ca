import { expect, it } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';

it('every file that CONTRIBUTING names exists', () => {
  const text = readFileSync('CONTRIBUTING.md', 'utf8');
  const paths = [...text.matchAll(/`((?:src|test|docs|packages|tools|migrations)\/[\w./-]+\.\w+)`/g)];
  expect(paths.length).toBeGreaterThan(20);
  expect(paths.map(([, path = '']) => path).filter((path) => !existsSync(path))).toEqual([]);
});
