import { describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** How many requirements each section of ASVS 5.0 has, in the chapters V6, V7, V9 and V10. */
const SECTIONS: Readonly<Record<string, readonly number[]>> = {
  6: [3, 12, 8, 6, 8, 4, 2, 4],
  7: [3, 4, 2, 5, 3, 2],
  9: [3, 4],
  10: [2, 3, 5, 16, 5, 2, 3],
};
const EXPECTED = Object.entries(SECTIONS).flatMap(([chapter, counts]) =>
  counts.flatMap((count, section) =>
    Array.from({ length: count }, (_, row) => `${chapter}.${section + 1}.${row + 1}`),
  ),
);
const TEXT = readFileSync('docs/asvs.md', 'utf8');
const ROWS = [...TEXT.matchAll(/^\| (\d+\.\d+\.\d+) \| ([123]) \| ([^|]+) \| (.+) \|$/gm)].map(
  ([, row, , state, how]) => ({ row, state, how }),
);

describe('docs/asvs.md', () => {
  it('has a line for each requirement of its chapters, in order', () => {
    expect(ROWS.map(({ row }) => row)).toEqual(EXPECTED);
  });

  it.each(ROWS)('says of $row whether it is met, and by what or why not', ({ state, how }) => {
    expect(['met', 'partly', 'no', 'yours', 'n/a']).toContain(state);
    expect(how).not.toBe('');
  });

  it('names only files that exist', () => {
    const inCode = [...TEXT.matchAll(/`((?:src|test|packages)\/[^`]+)`/g)].map(([, path = '']) => path);
    const linked = [...TEXT.matchAll(/\]\((?!https:)([^)#]+)\)/g)].map(([, path = '']) => join('docs', path));
    expect([...inCode, ...linked].filter((path) => !existsSync(path))).toEqual([]);
  });
});
