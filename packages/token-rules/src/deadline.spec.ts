import { describe, expect, it } from '@jest/globals';
import { Deadline } from './deadline.js';

const NEVER = new Promise<never>(() => undefined);

describe('a deadline', () => {
  it('rejects when its time is up, also for work that ignores the signal', async () => {
    const deadline = new Deadline(10, 'too late');
    await expect(deadline.race(NEVER)).rejects.toThrow('too late');
    expect(deadline.signal.aborted).toBe(true);
  });

  it('rejects when the outer signal is aborted, now or earlier', async () => {
    const outer = new AbortController();
    const deadline = new Deadline(60_000, 'too late', outer.signal);
    const waiting = deadline.race(NEVER);
    outer.abort(new Error('closing'));
    await expect(waiting).rejects.toThrow('closing');
    deadline.end();
    const late = new Deadline(60_000, 'too late', outer.signal);
    await expect(late.race(NEVER)).rejects.toThrow('closing');
    late.end();
  });

  it('passes on the result of work that is done in time', async () => {
    const deadline = new Deadline(60_000, 'too late');
    expect(await deadline.race(Promise.resolve(1))).toBe(1);
    expect(deadline.signal.aborted).toBe(false);
    deadline.end();
  });

  it('aborts the work that is still under way when it is ended', async () => {
    const deadline = new Deadline(60_000, 'too late');
    const waiting = deadline.race(NEVER);
    deadline.end();
    expect(deadline.signal.aborted).toBe(true);
    await expect(waiting).rejects.toThrow('ended');
  });
});
