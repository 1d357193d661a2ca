import { describe, expect, it } from '@jest/globals';
import { performance } from 'node:perf_hooks';
import { DatabaseClock } from './database-clock.js';

const HOUR_MS = 3_600_000;
const NEAR_MS = 50;

/** Feeds the clock a measurement of a database that is `offMs` ahead; `there` and `back` are the travel times. */
function observe(clock: DatabaseClock, offMs: number, { there = 0, back = 0 } = {}): void {
  const answeredAt = performance.now();
  const askedAt = answeredAt - there - back;
  clock.observe(Date.now() - back + offMs, askedAt, answeredAt);
}

function isNear(value: number, expected: number): boolean {
  return Math.abs(value - expected) <= NEAR_MS;
}

describe('the database clock', () => {
  it('shows the machine’s time before the first measurement', () => {
    expect(isNear(new DatabaseClock().now(), Date.now())).toBe(true);
  });

  it.each([HOUR_MS, -HOUR_MS, 2 * NEAR_MS])('shows the database’s time when that differs by %s ms', (off) => {
    const clock = new DatabaseClock();
    observe(clock, off);
    expect(isNear(clock.now(), Date.now() + off)).toBe(true);
    expect(isNear(clock.skewMs(), -off)).toBe(true);
  });

  it('follows each measurement', () => {
    const clock = new DatabaseClock();
    observe(clock, HOUR_MS);
    observe(clock, -HOUR_MS);
    expect(isNear(clock.now(), Date.now() - HOUR_MS)).toBe(true);
  });

  it('keeps its offset when a slow answer is compatible with it', () => {
    const clock = new DatabaseClock();
    observe(clock, 0);
    observe(clock, 0, { there: 9000, back: 1000 });
    expect(isNear(clock.now(), Date.now())).toBe(true);
  });

  it('moves to the middle of the possible range when a slow answer contradicts it', () => {
    const clock = new DatabaseClock();
    observe(clock, HOUR_MS, { there: 1000, back: 1000 });
    expect(Math.abs(clock.now() - Date.now() - HOUR_MS)).toBeLessThanOrEqual(1000);
  });

  it('returns whole milliseconds', () => {
    expect(Number.isInteger(new DatabaseClock().now())).toBe(true);
  });
});
