import { expect, it } from '@jest/globals';
import { SeenNames } from './seen-names.js';

const NAMES = 100_000;

it('names that were seen are known again after it grew, and no others are', () => {
  const seen = new SeenNames();
  for (let n = 0; n < NAMES; n++) if (seen.add(`name ${n}`)) throw new Error(`invented name ${n}`);
  for (let n = 0; n < NAMES; n++) if (!seen.add(`name ${n}`)) throw new Error(`forgot name ${n}`);
  for (let n = 0; n < NAMES; n++) if (seen.has(`another ${n}`)) throw new Error(`invented another ${n}`);
  expect(seen.has('name 0')).toBe(true);
});
