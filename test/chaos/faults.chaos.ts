import { afterEach, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client as Postgres } from 'pg';
import { report } from '../bench/report.js';
import { killProcesses, startProcess } from '../support/process.js';
import { newSecret } from '../support/server.js';
import { type Outcome, type Seat, Stage } from './stage.js';

/** How often each fault is done. The figures of docs/operations.md are of `CHAOS_ROUNDS=10`. */
const ROUNDS = Number(process.env['CHAOS_ROUNDS'] ?? 3);
const REFRESH = 'POST /auth/refresh';

let stage: Stage | undefined;

afterEach(async () => {
  await stage?.close();
  stage = undefined;
});

function canMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'lk-mount-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'latchkey', folder], { stdio: 'ignore' });
    execFileSync('umount', [folder]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Writes until nothing more fits. */
function fill(path: string): void {
  const file = openSync(path, 'w');
  const block = Buffer.alloc(64 * 1024);
  try {
    for (;;) writeSync(file, block);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  } finally {
    closeSync(file);
  }
}

function seatOf(round: number): Seat {
  return round % 2 === 0 ? 0 : 1;
}

/** Nothing acknowledged is lost, nobody is logged out, and nothing fails but for the fault. */
function expectNothingLost(title: string, outcome: Outcome): void {
  report(title, { ...outcome });
  if (stage) expect(stage.wronged()).toEqual([]);
  expect(outcome).toMatchObject({ acknowledged_effects_lost: 0, honest_logouts: 0, failures_outside: 0 });
  expect(outcome.rotations).toBeGreaterThan(50);
}

const FAULTS: Record<string, (stage: Stage, round: number) => Promise<void>> = {
  'an instance is killed and started again': async (on, round) => {
    on.services[seatOf(round)]?.signal('SIGKILL');
    await on.services[seatOf(round)]?.exited;
    await on.start(seatOf(round));
  },
  'an instance stands still for two seconds': async (on, round) => {
    on.services[seatOf(round)]?.signal('SIGSTOP');
    await delay(2000);
    on.services[seatOf(round)]?.signal('SIGCONT');
  },
  'the database is killed': async (on) => {
    process.kill(await on.postmaster(), 'SIGKILL');
  },
  'the database stands still for three seconds': async (on) => {
    const all = await on.postgresProcesses();
    for (const pid of all) process.kill(pid, 'SIGSTOP');
    await delay(3000);
    for (const pid of all) process.kill(pid, 'SIGCONT');
  },
  'the database has no connection left for two seconds': async (on) => {
    const taken: Postgres[] = [];
    const killer = await on.connect();
    try {
      for (;;) taken.push(await on.connect());
    } catch {
      // That was the last one. The instances lose theirs, and others wait for the places.
    }
    await killer.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'latchkey' AND pid <> pg_backend_pid()",
    );
    const thieves = Array.from({ length: 20 }, () =>
      on.connect().then(
        (one) => taken.push(one),
        () => undefined,
      ),
    );
    await Promise.all(thieves);
    await delay(2000);
    await Promise.all([killer, ...taken].map((one) => one.end()));
  },
  'answers are cut in the middle': async (on, round) => {
    for (let cut = 0; cut < 5; cut++) {
      const held = await on.proxies[seatOf(round + cut)]?.hold('answered', REFRESH);
      held?.cut(held.answer.subarray(0, held.answer.length / 2));
    }
  },
  'an instance’s clock is a minute off': async (on, round) => {
    const shim = `const now = Date.now; Date.now = () => now() + ${round % 4 < 2 ? 60_000 : -60_000};`;
    await on.services[seatOf(round)]?.stop();
    await on.start(seatOf(round), ['--import', `data:text/javascript,${encodeURIComponent(shim)}`]);
  },
};

describe('nothing acknowledged is lost and nobody is logged out where', () => {
  it.each(Object.entries(FAULTS))('%s', async (title, fault) => {
    stage = await Stage.open();
    const on = stage;
    expectNothingLost(title, await stage.suffer((round) => fault(on, round), ROUNDS));
  });

  (canMount() ? it : it.skip)('the disk is full', async () => {
    stage = await Stage.open({ diskMib: 120 });
    const filler = join(stage.folder, '.data', 'filler');
    const outcome = await stage.suffer(async () => {
      fill(filler);
      await delay(3000);
      rmSync(filler);
    }, ROUNDS);
    expectNothingLost('the disk is full', outcome);
  });

  it('instances are stopped under load, one after the other, and no request fails', async () => {
    stage = await Stage.open({ direct: true });
    const on = stage;
    const outcome = await stage.suffer(async (round) => {
      await on.services[seatOf(round)]?.stop();
      await on.start(seatOf(round));
    }, ROUNDS);
    expectNothingLost('instances are stopped under load', outcome);
    expect(on.failures().filter(({ how }) => how !== 'refused')).toEqual([]);
  });

  it('the secret is changed while traffic flows', async () => {
    stage = await Stage.open();
    const on = stage;
    const restart = async (seat: Seat): Promise<void> => {
      await on.services[seat]?.stop();
      await on.start(seat);
    };
    const outcome = await stage.suffer(
      async () => {
        const [old, next] = [on.env['SECRET_KEY'] ?? '', newSecret()];
        on.env = { ...on.env, SECRET_KEY_PREVIOUS: next };
        for (const seat of [0, 1] as const) await restart(seat);
        on.env = { ...on.env, SECRET_KEY: next, SECRET_KEY_PREVIOUS: old };
        for (const seat of [0, 1] as const) await restart(seat);
      },
      Math.ceil(ROUNDS / 3),
    );
    expectNothingLost('the secret is changed', outcome);
  });
});

it('two instances that start together on an empty database are one service', async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const on = await mkEmpty();
    try {
      const secret = newSecret();
      const env = { SECRET_KEY: secret, JWT_ISSUER: 'https://id.example' };
      const both = await Promise.all([0, 1].map(() => startProcess({ folder: on, env })));
      const person = await both[0]?.client.register();
      const pair = person && (await both[1]?.client.login(person));
      expect((await both[0]?.client.me(pair?.access_token ?? ''))?.status).toBe(200);
      await Promise.all(both.map((service) => service.stop()));
    } finally {
      await killProcesses();
      rmSync(on, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    }
  }
  report('two instances start together on an empty database', { rounds: ROUNDS, failed: 0 });
});

async function mkEmpty(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'lk-chaos-'));
  execFileSync('chmod', ['711', folder]);
  return folder;
}
