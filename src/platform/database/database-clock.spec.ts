import { describe, expect, it } from '@jest/globals';
import { performance } from 'node:perf_hooks';
import { DatabaseClock } from './database-clock.js';

const HOUR_MS = 3_600_000;
const NEAR_MS = 50;

/** What a database whose clock is off by so much answers, after a while on the way there and back. */
function observe(clock: DatabaseClock, offMs: number, { there = 0, back = 0 } = {}): void {
  const answeredAt = performance.now();
  const askedAt = answeredAt - there - back;
  clock.observe(Date.now() - back + offMs, askedAt, answeredAt);
}

function isNear(value: number, wanted: number): boolean {
  return Math.abs(value - wanted) <= NEAR_MS;
}

describe('the clock', () => {
  it('is the machine’s before the database was asked', () => {
    expect(isNear(new DatabaseClock().now(), Date.now())).toBe(true);
  });

  it.each([HOUR_MS, -HOUR_MS, 2 * NEAR_MS])('is the database’s where that is off by %s ms', (off) => {
    const clock = new DatabaseClock();
    observe(clock, off);
    expect(isNear(clock.now(), Date.now() + off)).toBe(true);
    expect(isNear(clock.skewMs(), -off)).toBe(true);
  });

  it('follows the database each time it is asked', () => {
    const clock = new DatabaseClock();
    observe(clock, HOUR_MS);
    observe(clock, -HOUR_MS);
    expect(isNear(clock.now(), Date.now() - HOUR_MS)).toBe(true);
  });

  it('stays where it is when the answer took so long that it may be right', () => {
    const clock = new DatabaseClock();
    observe(clock, 0);
    observe(clock, 0, { there: 9000, back: 1000 });
    expect(isNear(clock.now(), Date.now())).toBe(true);
  });

  it('moves on a slow answer that it cannot agree with, to the middle of what may be', () => {
    const clock = new DatabaseClock();
    observe(clock, HOUR_MS, { there: 1000, back: 1000 });
    expect(Math.abs(clock.now() - Date.now() - HOUR_MS)).toBeLessThanOrEqual(1000);
  });

  it('tells whole milliseconds', () => {
    expect(Number.isInteger(new DatabaseClock().now())).toBe(true);
  });
});
