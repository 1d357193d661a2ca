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

describe('a fair queue', () => {
  it('runs at most `concurrency` jobs at the same time and starts waiting jobs in order', async () => {
    const queue = new FairQueue(2, 10);
    const jobs = [job(), job(), job(), job()];
    const runs = jobs.map(({ run }) => queue.run(run));
    await settle();
    expect(jobs.map(({ state }) => state.started)).toEqual([true, true, false, false]);
    jobs[1]?.finish();
    await settle();
    expect(jobs.map(({ state }) => state.started)).toEqual([true, true, true, false]);
    for (const { finish } of jobs) finish();
    await Promise.all(runs);
    expect(jobs.every(({ state }) => state.started)).toBe(true);
  });

  it('refuses a job at once when the queue is full, and accepts jobs again when it has room', async () => {
    const queue = new FairQueue(1, 1);
    const [first, second, third] = [job(), job(), job()];
    const runs = [queue.run(first.run), queue.run(second.run)];
    await expect(queue.run(third.run)).rejects.toMatchObject({ code: 'overloaded' });
    first.finish();
    second.finish();
    await Promise.all(runs);
    third.finish();
    await queue.run(third.run);
    expect(third.state.started).toBe(true);
  });

  it('gives the place of a failed job to the next one', async () => {
    const queue = new FairQueue(1, 1);
    const [broken, next] = [job(), job()];
    const failing = queue.run(broken.run);
    const waiting = queue.run(next.run);
    broken.fail(new Error('out of memory'));
    await expect(failing).rejects.toThrow('out of memory');
    next.finish();
    await waiting;
    expect(next.state.started).toBe(true);
  });

  it('gives each lane its turn, however many jobs wait in one of them', async () => {
    const queue = new FairQueue(1, 10);
    const order: string[] = [];
    const first = job();
    const runs = [queue.run(first.run)];
    for (const name of ['a1', 'a2', 'a3', 'a4', 'b1', 'c1', 'b2']) {
      runs.push(queue.run(() => Promise.resolve(void order.push(name)), name.charAt(0)));
    }
    first.finish();
    await Promise.all(runs);
    expect(order).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3', 'a4']);
  });

  it('drops the last job of the longest lane for a shorter lane, and refuses lanes of the same length', async () => {
    const queue = new FairQueue(1, 3);
    const ran: string[] = [];
    const first = job();
    const runs = [queue.run(first.run)];
    const enter = (name: string) => {
      const run = queue.run(() => Promise.resolve(void ran.push(name)), name.charAt(0));
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
    expect(queue.idle).toBe(true);
  });
});
