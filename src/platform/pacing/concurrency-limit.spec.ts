import { describe, expect, it } from '@jest/globals';
import { ConcurrencyLimit } from './concurrency-limit.js';

/** `enter` starts a job that runs until `end` is called; its outcome is `done` or the code of its refusal. */
function limited(limit: number) {
  const limiter = new ConcurrencyLimit(limit);
  let end: () => void = () => undefined;
  const until = new Promise<void>((resolve) => {
    end = resolve;
  });
  const enter = (lane: string) =>
    limiter
      .run(() => until, lane)
      .then(
        () => 'done',
        (error: { code: string }) => error.code,
      );
  return { enter, end };
}

describe('a concurrency limit', () => {
  it('refuses a job beyond the limit at once, and accepts jobs again when others end', async () => {
    const { enter, end } = limited(2);
    const entered = ['a', 'a', 'a'].map(enter);
    expect(await entered[2]).toBe('overloaded');
    end();
    expect(await Promise.all(entered)).toEqual(['done', 'done', 'overloaded']);
    expect(await Promise.all(['a', 'a'].map(enter))).toEqual(['done', 'done']);
  });

  it('lets other lanes exceed the limit, up to an equal share', async () => {
    const { enter, end } = limited(4);
    const entered = ['a', 'a', 'a', 'a', 'a', 'b', 'b', 'b', 'c', 'c'].map(enter);
    end();
    const refused = 'overloaded';
    expect(await Promise.all(entered)).toEqual([
      ...['done', 'done', 'done', 'done', refused],
      ...['done', 'done', refused],
      ...['done', refused],
    ]);
  });

  it('frees the place of a job that fails', async () => {
    const limiter = new ConcurrencyLimit(1);
    await expect(limiter.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await limiter.run(() => Promise.resolve('in'))).toBe('in');
  });
});
