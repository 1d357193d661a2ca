import { setTimeout as delay } from 'node:timers/promises';
import type { Client as Postgres } from 'pg';
import { clockOff } from '../support/service/clock-off.js';
import type { Seat, Stage } from './stage.js';

const MANY = 10;
const REFRESH = 'POST /auth/refresh';

export interface Fault {
  /** Number of repetitions with `CHAOS_ROUNDS=full`. */
  readonly full: number;
  /** Maximum time until a restarted instance is ready, in milliseconds. */
  readonly readyWithinMs?: number;
  /** Maximum time from the fault until no request fails any more, in milliseconds. */
  readonly healedWithinMs?: number;
  readonly run: (stage: Stage, round: number) => Promise<void>;
}

export function seatOf(round: number): Seat {
  return round % 2 === 0 ? 0 : 1;
}

/** The faults that need only a stage. */
export const FAULTS: Readonly<Record<string, Fault>> = {
  'an instance is killed and started again': {
    full: 200,
    readyWithinMs: 5000,
    run: async (on, round) => {
      on.services[seatOf(round)]?.signal('SIGKILL');
      await on.services[seatOf(round)]?.exited;
      await on.start(seatOf(round));
    },
  },
  'an instance stands still for two seconds': {
    full: MANY,
    run: async (on, round) => {
      on.services[seatOf(round)]?.signal('SIGSTOP');
      await delay(2000);
      on.services[seatOf(round)]?.signal('SIGCONT');
    },
  },
  'the database is killed': {
    full: 50,
    healedWithinMs: 10_000,
    run: async (on) => {
      process.kill(await on.cluster.postmaster(), 'SIGKILL');
    },
  },
  'the database stands still for three seconds': {
    full: MANY,
    run: async (on) => {
      const all = await on.cluster.processes();
      for (const pid of all) process.kill(pid, 'SIGSTOP');
      await delay(3000);
      for (const pid of all) process.kill(pid, 'SIGCONT');
    },
  },
  'the database has no connection left for two seconds': {
    full: MANY,
    run: async (on) => {
      const taken: Postgres[] = [];
      const killer = await on.cluster.connect();
      try {
        for (;;) taken.push(await on.cluster.connect());
      } catch {
        // Every connection is taken. The instances lose theirs, and the new connections wait for their places.
      }
      await killer.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'latchkey' AND pid <> pg_backend_pid()",
      );
      const thieves = Array.from({ length: 20 }, () =>
        on.cluster.connect().then(
          (one) => taken.push(one),
          () => undefined,
        ),
      );
      await Promise.all(thieves);
      await delay(2000);
      await Promise.all([killer, ...taken].map((one) => one.end()));
    },
  },
  'answers are cut in the middle': {
    full: MANY,
    run: async (on, round) => {
      for (let cut = 0; cut < 5; cut++) {
        const held = await on.proxies[seatOf(round + cut)]?.hold('answered', REFRESH);
        held?.cut(held.answer.subarray(0, held.answer.length / 2));
      }
    },
  },
  'an instance’s clock is a minute off': {
    full: MANY,
    run: async (on, round) => {
      await on.services[seatOf(round)]?.stop();
      await on.start(seatOf(round), clockOff(round % 4 < 2 ? 60 : -60));
    },
  },
};
