import { describe, expect, it } from '@jest/globals';
import { FairQueue } from './fair-queue.js';

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

describe('a gate', () => {
  it('runs no more jobs at once than it may, and the others in their order', async () => {
    const pool = new FairQueue(2, 10);
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
    const pool = new FairQueue(1, 1);
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
    const pool = new FairQueue(1, 1);
    const [broken, next] = [job(), job()];
    const failing = pool.run(broken.run);
    const waiting = pool.run(next.run);
    broken.fail(new Error('out of memory'));
    await expect(failing).rejects.toThrow('out of memory');
    next.finish();
    await waiting;
    expect(next.state.started).toBe(true);
  });

  it('lets lanes take turns, however many wait in one of them', async () => {
    const gate = new FairQueue(1, 10);
    const order: string[] = [];
    const first = job();
    const runs = [gate.run(first.run)];
    for (const name of ['a1', 'a2', 'a3', 'a4', 'b1', 'c1', 'b2']) {
      runs.push(gate.run(() => Promise.resolve(void order.push(name)), name.charAt(0)));
    }
    first.finish();
    await Promise.all(runs);
    expect(order).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3', 'a4']);
  });

  it('makes room for a newcomer at the end of the longest lane, and for nobody who has as many waiting', async () => {
    const gate = new FairQueue(1, 3);
    const ran: string[] = [];
    const first = job();
    const runs = [gate.run(first.run)];
    const enter = (name: string) => {
      const run = gate.run(() => Promise.resolve(void ran.push(name)), name.charAt(0));
      const outcome = run.then(
        () => 'ran',
        (error: { code: string }) => error.code,
      );
      return outcome;
    };
    const outcomes = ['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'c1'].map(enter);
    first.finish();
    await Promise.all(runs);
    expect(await Promise.all(outcomes)).toEqual([
      'ran',
      'overloaded',
      'overloaded',
      'overloaded',
      'ran',
      'overloaded',
      'ran',
    ]);
    expect(ran).toEqual(['a1', 'b1', 'c1']);
    expect(gate.idle).toBe(true);
  });
});
