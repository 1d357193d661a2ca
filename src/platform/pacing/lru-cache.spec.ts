import { expect, it } from '@jest/globals';
import { LruCache } from './lru-cache.js';

const CAPACITY = 100;

function filled(count: number): LruCache<number> {
  const recent = new LruCache<number>(CAPACITY);
  for (let n = 0; n < count; n++) recent.set(`k${n}`, n);
  return recent;
}

it('what was put in of late is found, and nothing else', () => {
  const recent = filled(10 * CAPACITY);
  for (let n = 9 * CAPACITY; n < 10 * CAPACITY; n++) expect(recent.get(`k${n}`)).toBe(n);
  expect(recent.get('k0')).toBeUndefined();
  expect(recent.get('another')).toBeUndefined();
});

it('it never holds more than twice its capacity', () => {
  const recent = new LruCache<number>(CAPACITY);
  for (let n = 0; n < 10 * CAPACITY; n++) {
    recent.set(`k${n}`, n);
    recent.get(`k${n - CAPACITY}`);
    expect(recent.size).toBeLessThanOrEqual(2 * CAPACITY);
  }
});

it('what is asked for stays, however much comes after it', () => {
  const recent = filled(1);
  for (let n = 1; n < 10 * CAPACITY; n++) {
    recent.set(`k${n}`, n);
    expect(recent.get('k0')).toBe(0);
  }
});
