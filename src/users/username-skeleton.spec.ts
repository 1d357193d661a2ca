import { describe, expect, it } from '@jest/globals';
import { usernameSkeleton } from './username-skeleton.js';

describe('the skeleton of a user name', () => {
  it.each([
    ['paypal', 'paypa1'],
    ['paypal', 'PaypaI'],
    ['admin', 'adrnin'],
    ['root', 'r00t'],
    ['scope', '\u0455\u0441\u043e\u0440\u0435'],
    ['admin', '\u0251dm\u0131n'],
    ['ada', '\uff41da'],
  ])('is one for names that look alike, in any case: %s and %s', async (one, other) => {
    const skeletons = [one, other, one.toUpperCase()].map((name) => usernameSkeleton(name));
    expect(new Set(await Promise.all(skeletons)).size).toBe(1);
  });

  it.each([
    ['ada', 'eda'],
    ['user1', 'user2'],
    ['zoe', 'zoë'],
    ['иван', 'инна'],
  ])('differs for names that look different: %s and %s', async (one, other) => {
    expect(await usernameSkeleton(one)).not.toBe(await usernameSkeleton(other));
  });
});
