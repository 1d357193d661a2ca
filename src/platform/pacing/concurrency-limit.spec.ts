import { describe, expect, it } from '@jest/globals';
import { ConcurrencyLimit } from './concurrency-limit.js';

/** Jobs that stay under way until they are told to end; what was refused is told by its code. */
function crowd(limit: number) {
  const admission = new ConcurrencyLimit(limit);
  let end: () => void = () => undefined;
  const until = new Promise<void>((resolve) => {
    end = resolve;
  });
  const enter = (lane: string) =>
    admission
      .run(() => until, lane)
      .then(
        () => 'done',
        (error: { code: string }) => error.code,
      );
  return { enter, end };
}

describe('an admission', () => {
  it('refuses at once what is over the limit, and lets in again afterwards', async () => {
    const { enter, end } = crowd(2);
    const entered = ['a', 'a', 'a'].map(enter);
    expect(await entered[2]).toBe('overloaded');
    end();
    expect(await Promise.all(entered)).toEqual(['done', 'done', 'overloaded']);
    expect(await Promise.all(['a', 'a'].map(enter))).toEqual(['done', 'done']);
  });

  it('lets another lane in beyond the limit, up to an equal share', async () => {
    const { enter, end } = crowd(4);
    const entered = ['a', 'a', 'a', 'a', 'a', 'b', 'b', 'b', 'c', 'c'].map(enter);
    end();
    const refused = 'overloaded';
    expect(await Promise.all(entered)).toEqual([
      ...['done', 'done', 'done', 'done', refused],
      ...['done', 'done', refused],
      ...['done', refused],
    ]);
  });

  it('counts a job that failed as gone', async () => {
    const admission = new ConcurrencyLimit(1);
    await expect(admission.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await admission.run(() => Promise.resolve('in'))).toBe('in');
  });
});
