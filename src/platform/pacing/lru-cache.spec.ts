import { expect, it } from '@jest/globals';
import { LruCache } from './lru-cache.js';

const CAPACITY = 100;

function filled(count: number): LruCache<number> {
  const cache = new LruCache<number>(CAPACITY);
  for (let n = 0; n < count; n++) cache.set(`k${n}`, n);
  return cache;
}

it('the most recent entries are found, older ones are dropped', () => {
  const cache = filled(10 * CAPACITY);
  for (let n = 9 * CAPACITY; n < 10 * CAPACITY; n++) expect(cache.get(`k${n}`)).toBe(n);
  expect(cache.get('k0')).toBeUndefined();
  expect(cache.get('never set')).toBeUndefined();
});

it('a cache never holds more than twice its capacity', () => {
  const cache = new LruCache<number>(CAPACITY);
  for (let n = 0; n < 10 * CAPACITY; n++) {
    cache.set(`k${n}`, n);
    cache.get(`k${n - CAPACITY}`);
    expect(cache.size).toBeLessThanOrEqual(2 * CAPACITY);
  }
});

it('an entry that is read regularly stays, however many are added', () => {
  const cache = filled(1);
  for (let n = 1; n < 10 * CAPACITY; n++) {
    cache.set(`k${n}`, n);
    expect(cache.get('k0')).toBe(0);
  }
});

it('the entries weigh at most twice the maximum together', () => {
  const cache = new LruCache<string>(CAPACITY, { max: 1000, of: (key) => key.length });
  const keys = Array.from({ length: 200 }, (_, n) => `${n}:`.padEnd(100 + (n % 3) * 50, 'x'));
  for (const key of keys) {
    cache.set(key, key);
    expect(cache.get(key)).toBe(key);
  }
  // From the newest on, since a read renews an entry.
  const kept = keys.toReversed().filter((key) => cache.get(key) !== undefined);
  expect(kept.length).toBeGreaterThan(3);
  expect(kept.reduce((sum, key) => sum + key.length, 0)).toBeLessThanOrEqual(2000);
});

it('one entry that weighs more than the maximum is kept alone', () => {
  const cache = new LruCache<string>(CAPACITY, { max: 10, of: (key) => key.length });
  cache.set('small', 'a');
  cache.set('x'.repeat(50), 'b');
  expect(cache.get('x'.repeat(50))).toBe('b');
});
