import { describe, expect, it } from '@jest/globals';
import { HashPool } from './hash-pool.js';

/** A job that runs until it is told to finish. */
function job() {
  let finish: () => void = () => undefined;
  let fail: (error: Error) => void = () => undefined;
  const done = new Promise<void>((resolve, reject) => {
    finish = resolve;
    fail = reject;
  });
  const state = { started: false };
  const run = (): Promise<void> => {
    state.started = true;
    return done;
  };
  return { run, state, finish: () => finish(), fail: (error: Error) => fail(error) };
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

describe('the hash pool', () => {
  it('runs no more jobs at once than it may, and the others in their order', async () => {
    const pool = new HashPool(2, 10);
    const jobs = [job(), job(), job(), job()];
    const runs = jobs.map(({ run }) => pool.run(run));
    await settle();
    expect(jobs.map(({ state }) => state.started)).toEqual([true, true, false, false]);
    jobs[1]?.finish();
    await settle();
    expect(jobs.map(({ state }) => state.started)).toEqual([true, true, true, false]);
    for (const { finish } of jobs) finish();
    await Promise.all(runs);
    expect(jobs.every(({ state }) => state.started)).toBe(true);
  });

  it('refuses at once what finds the queue full, and takes jobs again afterwards', async () => {
    const pool = new HashPool(1, 1);
    const [first, second, third] = [job(), job(), job()];
    const runs = [pool.run(first.run), pool.run(second.run)];
    await expect(pool.run(third.run)).rejects.toMatchObject({ code: 'overloaded' });
    first.finish();
    second.finish();
    await Promise.all(runs);
    third.finish();
    await pool.run(third.run);
    expect(third.state.started).toBe(true);
  });

  it('gives a failed job’s place to the next one', async () => {
    const pool = new HashPool(1, 1);
    const [broken, next] = [job(), job()];
    const failing = pool.run(broken.run);
    const waiting = pool.run(next.run);
    broken.fail(new Error('out of memory'));
    await expect(failing).rejects.toThrow('out of memory');
    next.finish();
    await waiting;
    expect(next.state.started).toBe(true);
  });
});
