import { describe, expect, it } from '@jest/globals';
import { Deadline } from './deadline.js';

const FOR_EVER = new Promise<never>(() => undefined);

describe('a deadline', () => {
  it('ends what does not heed its signal, when its time has come', async () => {
    const deadline = new Deadline(10, 'too late');
    await expect(deadline.race(FOR_EVER)).rejects.toThrow('too late');
    expect(deadline.signal.aborted).toBe(true);
  });

  it('ends it when the signal above is given, now or before', async () => {
    const outer = new AbortController();
    const deadline = new Deadline(60_000, 'too late', outer.signal);
    const waiting = deadline.race(FOR_EVER);
    outer.abort(new Error('closing'));
    await expect(waiting).rejects.toThrow('closing');
    deadline.end();
    const late = new Deadline(60_000, 'too late', outer.signal);
    await expect(late.race(FOR_EVER)).rejects.toThrow('closing');
    late.end();
  });

  it('leaves what is done in time alone', async () => {
    const deadline = new Deadline(60_000, 'too late');
    expect(await deadline.race(Promise.resolve(1))).toBe(1);
    expect(deadline.signal.aborted).toBe(false);
    deadline.end();
  });

  it('ends what still goes on when it is over', async () => {
    const deadline = new Deadline(60_000, 'too late');
    const waiting = deadline.race(FOR_EVER);
    deadline.end();
    expect(deadline.signal.aborted).toBe(true);
    await expect(waiting).rejects.toThrow('over');
  });
});
