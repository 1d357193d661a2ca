import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AuditSealer, MetricsServer } from '../support/service/built.js';
import { createDatabase, urlOf, type TestDatabase } from '../support/database/database.js';
import { scrape, total } from '../support/observability/metrics.js';
import { runCli, runInside, type CliExit } from '../support/service/cli.js';
import { eventually, newFolder } from '../support/service/process.js';
import { newSecret, startServer, type TestServer } from '../support/service/server.js';

type Folder = Awaited<ReturnType<typeof newFolder>>;

let folder: Folder;
let database: TestDatabase;
let server: TestServer;

beforeAll(async () => {
  folder = await newFolder();
});
afterAll(() => folder.remove());
beforeEach(async () => {
  database = await createDatabase();
});
afterEach(async () => {
  await server.close();
  await database.drop();
});

async function start(secret: string): Promise<TestServer> {
  // With a key ring the service does not start at all where the secret that encrypts the keys is not in the settings.
  const env = { SECRET_KEY: secret, JWT_ALGORITHM: 'HS256', METRICS_PORT: '0' };
  server = await startServer({ env, database });
  return server;
}

function latchkey(args: readonly string[], secret = server.secret): Promise<CliExit> {
  const env = { SECRET_KEY: secret, DATABASE_URL: urlOf(database.target) };
  return runCli(args, { folder: folder.path, env });
}

/** Logs in as new users, and waits until the events are sealed. */
async function sealed(count: number): Promise<void> {
  for (let index = 0; index < count; index++) await server.client.newcomer();
  // Transactions of other tests on the server delay the sealing.
  await eventually(30_000, async () => {
    await server.app.get(AuditSealer).seal();
    const [row] = await database.query<{ left: boolean }>(
      `SELECT coalesce(max(e.transaction_id) >= (SELECT to_transaction FROM audit_seals ORDER BY number DESC LIMIT 1),
                       false) AS left FROM audit_events e`,
    );
    return row?.left === false;
  });
}

/** The checkpoints in the log, as an operator ships them elsewhere. */
function announced(): string[] {
  return server.log.filter(({ msg }) => msg === 'audit log sealed').map((line) => String(line['checkpoint']));
}

async function health(): Promise<unknown> {
  const { status, body } = await server.client.get('/health/ready');
  return [status, body];
}

const alarm = async (): Promise<number> =>
  total(await scrape(server.app.get(MetricsServer).url ?? ''), 'latchkey_audit_alarm');

describe('the log of the service', () => {
  it('has the checkpoint of every seal, with which audit verify finds a cut end', async () => {
    await start(newSecret());
    for (let seal = 0; seal < 3; seal++) await sealed(1);
    const checkpoints = announced();
    const [row] = await database.query<{ last: number }>('SELECT max(number)::int AS last FROM audit_seals');
    expect(checkpoints.at(-1)).toMatch(new RegExp(`^${row?.last}:[\\w-]{43}$`));
    expect(checkpoints.length).toBe(row?.last);

    const last = String(checkpoints.at(-1));
    expect(await latchkey(['audit', 'verify', '--checkpoint', last])).toMatchObject({
      status: 0,
      stdout: expect.stringContaining(`Checkpoint ${last}`),
    });
    await server.close();
    await database.query('DELETE FROM audit_seals WHERE number = $1', [row?.last]);
    await start(server.secret);
    await sealed(1);
    expect(await latchkey(['audit', 'verify'])).toMatchObject({ status: 0 });
    expect(await latchkey(['audit', 'verify', '--checkpoint', last])).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('(checkpoint)'),
    });
    // Each run of the command is a process that loads the service.
  }, 90_000);

  it('is refused as a checkpoint where the text is none, and the format is shown', async () => {
    await start(newSecret());
    for (const args of [
      ['yesterday'],
      ['--checkpoint', '1:x'],
      [`1:${'x'.repeat(43)}`, '--checkpoint', '1:x'],
    ]) {
      const { status, stderr } = await runInside(server, ['audit', 'verify', ...args]);
      expect([status, stderr]).toEqual([2, expect.stringContaining('checkpoint')]);
    }
  }, 30_000);
});

describe('an intruder in the database who erases the log and invents the seal of a drop', () => {
  it('stops the sealing with an alarm, and audit verify finds it after the service went on', async () => {
    await start(newSecret());
    await sealed(3);
    expect(await health()).toEqual([200, { status: 'ok' }]);
    expect(await alarm()).toBe(0);
    await database.query(`
      INSERT INTO audit_seals (number, era, from_transaction, to_transaction, month, event_count, event_ids, events_hash,
                               dropped_through, dropped_hash, dropped_before, previous_hash, created_at, hash,
                               signature, signed_by)
      SELECT number + 1, era, to_transaction, to_transaction, NULL, 0, '{}', sha256(''), number, hash, '2099-01', hash,
             now(), sha256('invented'), sha256('made up'), 'somebody'
        FROM audit_seals ORDER BY number DESC LIMIT 1;
      TRUNCATE audit_events`);
    await eventually(30_000, async () => (await alarm()) === 1);
    const before = announced().length;
    await server.client.newcomer();
    await server.app.get(AuditSealer).seal();
    expect(announced().length).toBe(before);
    expect(await health()).toEqual([200, { status: 'ok', warnings: ['audit_log_not_sealed'] }]);
    expect(server.log).toContainEqual(
      expect.objectContaining({
        level: 'error',
        msg: expect.stringContaining('the audit log is sealed no more'),
        fault: expect.objectContaining({ seal: expect.any(Number) }),
      }),
    );
    const found = await latchkey(['audit', 'verify', '--json']);
    expect(found.status).toBe(1);
    expect(JSON.parse(found.stdout)).toMatchObject({ whole: false, fault: { kind: 'seal_broken' } });
  }, 90_000);
});

describe('latchkey audit handover', () => {
  it('hands the log over from a secret that was dropped, and the service seals again by itself', async () => {
    const [former, current] = [newSecret(), newSecret()];
    await start(former);
    await sealed(2);
    await server.close();
    await start(current);
    await server.client.newcomer();
    await eventually(30_000, async () => (await alarm()) === 1);
    expect(JSON.parse((await latchkey(['audit', 'verify', '--json'])).stdout)).toMatchObject({
      fault: { kind: 'seal_key', message: expect.stringContaining('latchkey audit handover') },
    });

    const file = join(folder.path, 'former');
    await writeFile(file, `${former}\n`, { mode: 0o600 });
    expect(await runInside(server, ['audit', 'handover', '--old-secret-file', file])).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('was handed over'),
    });
    await rm(file);
    await eventually(30_000, async () => (await alarm()) === 0);
    await sealed(1);
    expect(await latchkey(['audit', 'verify'])).toMatchObject({ status: 0 });
  }, 90_000);

  it('names what is wrong with the file, and changes nothing', async () => {
    const current = newSecret();
    await start(current);
    await sealed(1);
    const file = join(folder.path, 'other');
    const handover = () => runInside(server, ['audit', 'handover', '--old-secret-file', file]);
    expect(await handover()).toMatchObject({ status: 2, stderr: expect.stringContaining(file) });
    await writeFile(file, current);
    expect(await handover()).toMatchObject({ status: 1, stderr: expect.stringContaining('current secret') });
    await writeFile(file, newSecret());
    expect(await handover()).toMatchObject({ status: 1, stderr: expect.stringContaining('signed no seal') });
    expect(await database.query('SELECT 1 FROM audit_seals WHERE handover_from IS NOT NULL')).toEqual([]);
  }, 90_000);
});
