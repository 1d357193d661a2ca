import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { idTime } from '@latchkey/token-rules';
import { lowestIdOf, newId } from './ids.js';

const NOW = Date.UTC(2026, 0, 1, 9);
const LAST = 2 ** 48 - 1;

describe('a new id', () => {
  it('is a UUID of version 7 (RFC 9562 section 5.7) in lower case', () => {
    expect(newId(NOW)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('carries its time', () => {
    fc.assert(fc.property(fc.nat({ max: LAST }), (time) => expect(idTime(newId(time))).toBe(time)));
  });

  it('sorts after every id of an earlier time', () => {
    const times = fc.tuple(fc.nat({ max: LAST }), fc.nat({ max: LAST })).filter(([a, b]) => a < b);
    fc.assert(fc.property(times, ([earlier, later]) => expect(newId(earlier) < newId(later)).toBe(true)));
  });

  it('sorts after earlier ids of the same millisecond', () => {
    for (const time of [NOW, NOW + 1, NOW - 1]) {
      const ids = Array.from({ length: 1000 }, () => newId(time));
      expect(ids.toSorted()).toEqual(ids);
    }
  });

  it('is unique, even within one millisecond', () => {
    expect(new Set(Array.from({ length: 10_000 }, () => newId(NOW))).size).toBe(10_000);
  });
});

describe('the lowest id of a time', () => {
  it('carries that time and is lower than every new id of it', () => {
    fc.assert(
      fc.property(fc.nat({ max: LAST }), (time) => {
        expect(idTime(lowestIdOf(time))).toBe(time);
        expect(lowestIdOf(time) < newId(time)).toBe(true);
      }),
    );
  });

  it('sorts after every id of an earlier time', () => {
    const times = fc.tuple(fc.nat({ max: LAST }), fc.nat({ max: LAST })).filter(([a, b]) => a < b);
    fc.assert(
      fc.property(times, ([earlier, later]) => expect(newId(earlier) < lowestIdOf(later)).toBe(true)),
    );
  });

  it('is that of the epoch for a time before the epoch', () => {
    expect(lowestIdOf(-1)).toBe(lowestIdOf(0));
  });
});

describe('the time of an id', () => {
  it.each([
    '',
    'me',
    '00000000-0000-0000-0000-000000000000',
    'ffffffff-ffff-ffff-ffff-ffffffffffff',
    '9f3c1a52-6c1e-4f0b-9a55-0d3c1b1f6a10',
    '019a0c5e-7b1a-7c3e-9f00-0a1b2c3d4e5',
    '019a0c5e7b1a7c3e9f000a1b2c3d4e5f',
    '019a0c5e-7b1a-7c3e-9f00-0a1b2c3d4e5f\n',
  ])('is unknown where the text is no UUID of version 7: %j', (text) => {
    expect(idTime(text)).toBeUndefined();
  });

  it('does not depend on case', () => {
    const id = newId(NOW);
    expect(idTime(id.toUpperCase())).toBe(NOW);
  });
});
