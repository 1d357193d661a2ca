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
