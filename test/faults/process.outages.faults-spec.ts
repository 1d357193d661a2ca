import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Cluster } from '../support/database/cluster.js';
import { Crowd } from '../support/actors/crowd.js';
import { KeepAliveClient } from '../support/http/keep-alive-client.js';
import {
  eventually,
  type Folder,
  killProcesses,
  newFolder,
  type ServiceProcess,
  startProcess,
} from '../support/service/process.js';
import { SessionHolder } from '../support/actors/session-holder.js';
import { decode } from '../support/tokens/tokens.js';

const HOLDERS = 3;
const HEALED_WITHIN_MS = 10_000;
const FELT_WITHIN_MS = 1000;

let folder: Folder;
let cluster: Cluster;
let service: ServiceProcess;
let client: KeepAliveClient;
let crowd: Crowd;

beforeAll(async () => {
  folder = await newFolder();
  cluster = new Cluster(folder.path);
  // Without DATABASE_URL the service starts and supervises an embedded server.
  service = await startProcess({ folder: folder.path });
  client = new KeepAliveClient(service.url, HOLDERS);
  const newHolder = async (): Promise<SessionHolder> => new SessionHolder(await service.client.newcomer());
  crowd = new Crowd(await Promise.all(Array.from({ length: HOLDERS }, newHolder)), () => client);
});
afterAll(async () => {
  client.close();
  await killProcesses();
  await folder.remove();
});

/** The server process of one of the service's connections. When it is killed, PostgreSQL ends the others and recovers. */
async function backend(): Promise<number> {
  const postgres = await cluster.connect();
  const { rows } = await postgres.query<{ pid: number }>(
    "SELECT pid FROM pg_stat_activity WHERE application_name = 'latchkey' ORDER BY query_start DESC",
  );
  await postgres.end();
  if (!rows[0]) throw new Error('the service has no connection');
  return rows[0].pid;
}

interface Outage {
  readonly from: number;
  readonly to: number;
}

/** Signals a process of the database, and resolves when the database has stopped and recovered by itself. */
async function outage(pid: number, signal: NodeJS.Signals): Promise<Outage> {
  const witness = await cluster.connect();
  const gone = new Promise((resolve) => witness.once('end', resolve));
  const from = performance.now();
  process.kill(pid, signal);
  await gone;
  await eventually(HEALED_WITHIN_MS, () => cluster.answers());
  return { from, to: performance.now() };
}

describe('a database that fails while clients refresh continuously', () => {
  const outages: Outage[] = [];

  beforeAll(async () => {
    crowd.resume();
    await crowd.moved();
  });
  afterAll(() => crowd.pause());

  it.each<[string, () => Promise<number>, NodeJS.Signals]>([
    ['is killed', () => cluster.postmaster(), 'SIGKILL'],
    ['is stopped and started again', () => cluster.postmaster(), 'SIGINT'],
    ['loses a process that was killed', backend, 'SIGKILL'],
  ])('recovers by itself, and no client has to log in again: it %s', async (_, victim, signal) => {
    outages.push(await outage(await victim(), signal));
    await crowd.moved();
  });

  it('causes only 503, and only while it is down', async () => {
    await crowd.pause();
    const all = crowd.holders.flatMap(({ presentations }) => presentations);
    const failed = all.filter(({ status }) => status !== 200);
    expect(new Set(failed.map(({ status }) => status))).toEqual(new Set([503]));
    const beside = outages.map((away) => failed.filter(({ from, to }) => from < away.to && to > away.from));
    for (const lines of beside) expect(lines).not.toEqual([]);
    expect(beside.flat()).toHaveLength(failed.length);
  });

  it('keeps every acknowledged rotation, and theft is still found', async () => {
    for (const holder of crowd.holders) {
      const live = holder.pair(0);
      expect(decode(live.refresh_token).claims['gen']).toBe(holder.pairs.length);
      expect(await client.verify(live.access_token)).toBe(200);
      const theft = await client.refresh(holder.pair(2).refresh_token);
      expect([theft.status, theft.body['code']]).toEqual([401, 'refresh_token_reused']);
      const owner = await client.refresh(live.refresh_token);
      expect([owner.status, owner.body['code']]).toEqual([401, 'session_revoked']);
      await eventually(FELT_WITHIN_MS, async () => (await client.verify(live.access_token)) === 401);
    }
  });
});
