import { describe, expect, it } from '@jest/globals';
import { decideRotation, type RotationLimits, type RotationState } from './refresh-rotation.policy.js';

const NOW = 1_800_000_000_000;
const WINDOW = 30_000;
const LOST = 3_600_000;
/** Generation 7 is live; it was issued for 5, whose first successor (6) was voided unused. */
const STATE: RotationState = {
  generation: 7,
  parentGeneration: 5,
  rotatedAt: NOW - 1000,
  parentConsumedAt: NOW - 2000,
  expiresAt: NOW + 1000,
  revoked: false,
};

function decide(
  presented: number,
  change: Partial<RotationState> = {},
  limits: RotationLimits = { reuseWindowMs: WINDOW, lostAnswerMs: LOST },
) {
  return decideRotation({ ...STATE, ...change }, presented, NOW, limits);
}

describe('the rotation policy', () => {
  it('rotates the live generation', () => {
    expect(decide(7)).toBe('rotate');
  });

  it('rotates the first generation, which has no parent', () => {
    expect(decide(1, { generation: 1, parentGeneration: null })).toBe('rotate');
  });

  it('replays the successor for the parent up to the last millisecond of the window', () => {
    expect(decide(5, { rotatedAt: NOW - WINDOW })).toBe('replay');
    expect(decide(5, { rotatedAt: NOW - WINDOW - 1 })).toBe('replace');
  });

  it('replaces the unused successor up to the last millisecond after the parent was consumed', () => {
    const rotatedAt = NOW - WINDOW - 1;
    expect(decide(5, { rotatedAt, parentConsumedAt: NOW - LOST })).toBe('replace');
    expect(decide(5, { rotatedAt, parentConsumedAt: NOW - LOST - 1 })).toBe('reuse');
  });

  it('replays within the reuse window and then calls the parent reuse, if no answer may be lost', () => {
    const strict = { reuseWindowMs: WINDOW, lostAnswerMs: 0 };
    expect(decide(5, { rotatedAt: NOW - WINDOW }, strict)).toBe('replay');
    expect(decide(5, { rotatedAt: NOW - WINDOW - 1 }, strict)).toBe('reuse');
  });

  it('replaces at once without a reuse window', () => {
    const late = { reuseWindowMs: 0, lostAnswerMs: LOST };
    expect(decide(5, { rotatedAt: NOW - 1, parentConsumedAt: NOW - 1 }, late)).toBe('replace');
  });

  it('calls every second use reuse with both limits at 0, also by a clock that lags behind', () => {
    const never = { reuseWindowMs: 0, lostAnswerMs: 0 };
    for (const rotatedAt of [NOW - 1, NOW, NOW + 60_000])
      expect(decide(5, { rotatedAt, parentConsumedAt: rotatedAt }, never)).toBe('reuse');
  });

  it('replays for the parent where the rotation lies ahead of this clock', () => {
    expect(decide(5, { rotatedAt: NOW + 60_000 })).toBe('replay');
  });

  it.each([6, 4, 1, 0, -1, 8, 1e9])(
    'calls generation %d reuse: neither live nor its parent',
    (generation) => {
      expect(decide(generation)).toBe('reuse');
    },
  );

  it('says revoked before anything else', () => {
    for (const generation of [7, 5, 4])
      expect(decide(generation, { revoked: true, expiresAt: NOW })).toBe('revoked');
  });

  it('says expired from the very millisecond the session ends', () => {
    expect(decide(7, { expiresAt: NOW })).toBe('expired');
    expect(decide(4, { expiresAt: NOW })).toBe('expired');
  });
});
