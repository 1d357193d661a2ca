import { afterEach, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { report } from '../bench/report.js';
import { Deployment } from '../support/service/deployment.js';
import { killProcesses, newFolder, type ServiceProcess, startProcess } from '../support/service/process.js';
import { rounds } from '../support/actors/rounds.js';
import { newSecret } from '../support/service/server.js';
import { FAULTS, seatOf } from './faults.js';
import { type Outcome, type Seat, Stage } from './stage.js';

/** Number of repetitions of each fault without `CHAOS_ROUNDS`. */
const USUAL = 3;
const DISKS_FILLED = 10;
const RESTARTS = 100;
const REQUESTS_A_SECOND = 200;
const SECRETS = 5;
const PAIRS = 20;
const FIRST_STARTS = 60;

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

/** Writes until the disk is full. */
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

/** Expects that no acknowledged effect is lost, no user is logged out, and requests fail only during the fault. */
function expectNothingLost(title: string, outcome: Outcome): void {
  report(title, { ...outcome });
  if (stage) expect(stage.wronged()).toEqual([]);
  expect(outcome).toMatchObject({ acknowledged_effects_lost: 0, honest_logouts: 0, failures_outside: 0 });
  expect(outcome.rotations).toBeGreaterThan(50);
}

describe('no acknowledged effect is lost and no user is logged out when', () => {
  it.each(Object.entries(FAULTS))('%s', async (title, { full, readyWithinMs, healedWithinMs, run }) => {
    stage = await Stage.open();
    const on = stage;
    const outcome = await stage.suffer((round) => run(on, round), rounds({ usual: USUAL, full }));
    expectNothingLost(title, outcome);
    if (readyWithinMs !== undefined) expect(outcome.ready_ms_max).toBeLessThan(readyWithinMs);
    if (healedWithinMs !== undefined) expect(outcome.healed_ms_max).toBeLessThan(healedWithinMs);
  });

  (canMount() ? it : it.skip)('the disk is full', async () => {
    stage = await Stage.open({ diskMib: 120 });
    const filler = join(stage.folder, '.data', 'filler');
    const fault = async (): Promise<void> => {
      fill(filler);
      await delay(3000);
      rmSync(filler);
    };
    const outcome = await stage.suffer(fault, rounds({ usual: USUAL, full: DISKS_FILLED }));
    expectNothingLost('the disk is full', outcome);
  });

  it('instances are stopped under load, one after the other, and no request fails', async () => {
    stage = await Stage.open({ direct: true });
    const on = stage;
    const traffic = await on.traffic(REQUESTS_A_SECOND);
    const restart = async (round: number): Promise<void> => {
      await on.services[seatOf(round)]?.stop();
      await on.start(seatOf(round));
    };
    const outcome = await stage.suffer(restart, rounds({ usual: USUAL, full: RESTARTS }));
    const { answers, answersASecond } = await traffic.stop();
    report('traffic while instances are stopped', { ...answers, answers_a_second: answersASecond });
    expectNothingLost('instances are stopped under load', outcome);
    expect(Object.keys(answers)).toEqual(['answers_200']);
    expect(on.failures()).toEqual([]);
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
      rounds({ usual: 1, full: SECRETS }),
    );
    expectNothingLost('the secret is changed', outcome);
  });
});

it('two instances that start together on an empty folder are one service', async () => {
  const times = rounds({ usual: USUAL, full: PAIRS });
  for (let round = 0; round < times; round++) {
    const folder = await newFolder();
    try {
      // Without DATABASE_URL and SECRET_KEY both instances try to create the secret and the database; one succeeds.
      const env = { JWT_ISSUER: 'https://id.example' };
      const start = () => startProcess({ folder: folder.path, env });
      const both = await Promise.all([start(), start()]);
      await expectOneService(both);
      await Promise.all(both.map((service) => service.stop()));
    } finally {
      await killProcesses();
      await folder.remove();
    }
  }
  report('two instances start together on an empty folder', { rounds: times, failed: 0 });
});

it('many instances that start at the same moment on an empty database are one service', async () => {
  const many = rounds({ short: 6, usual: 6, full: FIRST_STARTS });
  // Their pools together need fewer connections than the server allows.
  const deployment = await Deployment.open({ env: { DATABASE_POOL_SIZE: '2' } });
  try {
    const from = performance.now();
    const all = await Promise.all(Array.from({ length: many }, () => deployment.start()));
    const seconds = (performance.now() - from) / 1000;
    await expectOneService(all);
    const exits = await Promise.all(all.map((service) => service.stop()));
    expect(new Set(exits.map(({ code }) => code))).toEqual(new Set([0]));
    report('instances that start at the same moment on an empty database', {
      instances: many,
      failed: 0,
      seconds_until_all_listen: seconds,
    });
  } finally {
    await deployment.close();
  }
});

/** Expects one migration, one administrator, and that all instances accept the tokens of one. */
async function expectOneService(all: readonly ServiceProcess[]): Promise<void> {
  expect(all.filter(({ log }) => log.some(({ msg }) => msg === 'migrated the database'))).toHaveLength(1);
  expect(all.filter(({ stderr }) => stderr.includes('First administrator'))).toHaveLength(1);
  const failures = all.flatMap(({ log }) =>
    log.filter(({ level }) => level === 'error' || level === 'fatal'),
  );
  expect(failures).toEqual([]);
  const { access_token: token } = await (all[0] as ServiceProcess).client.newcomer();
  for (const service of all) expect((await service.client.me(token)).status).toBe(200);
}
