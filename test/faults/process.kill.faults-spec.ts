import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Person } from '../support/http/client.js';
import { Cluster, runs } from '../support/database/cluster.js';
import {
  eventually,
  type Folder,
  killProcesses,
  newFolder,
  type ServiceProcess,
  startProcess,
} from '../support/service/process.js';

const WRITERS = 3;
const ENOUGH = 12;
const GONE_WITHIN_MS = 3000;

let folder: Folder;
let service: ServiceProcess;
/** Everything the service has acknowledged so far, over all its starts. */
const people: Person[] = [];
let refreshToken: string;

beforeAll(async () => {
  folder = await newFolder();
  service = await start();
  ({ refresh_token: refreshToken } = await service.client.newcomer());
});
afterAll(async () => {
  await killProcesses();
  await folder.remove();
});

/** Starts without DATABASE_URL and SECRET_KEY, like `npm start` in a new checkout. */
function start(): Promise<ServiceProcess> {
  return startProcess({ folder: folder.path });
}

function databasePid(): Promise<number> {
  return new Cluster(folder.path).postmaster();
}

/** Registers and refreshes until the service is gone, and records only acknowledged results. */
async function writeUntilGone(enough: () => void): Promise<void> {
  const client = service.client;
  const before = people.length;
  const register = async (): Promise<void> => {
    for (;;) {
      people.push(await client.register());
      if (people.length === before + ENOUGH) enough();
    }
  };
  const refresh = async (): Promise<void> => {
    for (;;) refreshToken = (await client.refresh(refreshToken)).body.refresh_token;
  };
  await Promise.allSettled([refresh(), ...Array.from({ length: WRITERS }, register)]);
}

async function expectNothingLost(): Promise<void> {
  for (const person of people) await service.client.login(person);
  const { status, body } = await service.client.refresh(refreshToken);
  expect(status).toBe(200);
  refreshToken = body.refresh_token;
}

describe('a service that is killed under load, with the embedded database', () => {
  it('keeps everything it acknowledged when it starts again at once', async () => {
    await writeUntilGone(() => service.signal('SIGKILL'));
    expect((await service.exited).signal).toBe('SIGKILL');
    service = await start();
    await expectNothingLost();
  });

  it('leaves no database server behind, and keeps everything when it starts later', async () => {
    const pid = await databasePid();
    expect(runs(pid)).toBe(true);
    await writeUntilGone(() => service.signal('SIGKILL'));
    await eventually(GONE_WITHIN_MS, async () => !runs(pid));
    service = await start();
    await expectNothingLost();
  });
});

describe('a service that is stopped and started again', () => {
  it('keeps its users and their sessions, and stops its database server in between', async () => {
    const pid = await databasePid();
    expect(await service.stop()).toMatchObject({ code: 0, signal: null });
    expect(runs(pid)).toBe(false);
    service = await start();
    await expectNothingLost();
  });
});
