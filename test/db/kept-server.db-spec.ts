import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Pool, type PoolConfig } from 'pg';
import { openDatabase, type OpenDatabase } from '../../src/platform/database/open-database.js';
import { createLog } from '../../src/platform/kernel/log.js';

const SETTINGS = { url: undefined, poolSize: 2, connectTimeoutMs: 1000, statementTimeoutMs: 1000 };
const HEALED_WITHIN_MS = 10_000;

let folder: string;
let database: OpenDatabase;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lk-'));
  // As root the server runs under another account, which has to pass through.
  await chmod(folder, 0o755);
  const log = createLog({ level: 'silent', format: 'json' });
  database = await openDatabase({ ...SETTINGS, dataDir: join(folder, 'data') }, log);
});
afterEach(async () => {
  await database.close();
  await rm(folder, { recursive: true, force: true });
});

it('a killed database runs again within ten seconds, with all committed data', async () => {
  const pool = new Pool(database.target as PoolConfig);
  pool.on('error', () => undefined);
  try {
    await pool.query('CREATE TABLE kept (n integer PRIMARY KEY)');
    for (let round = 1; round <= 2; round++) {
      // A backend of the killed server may still answer briefly and then leave the next statement unanswered.
      await untilHealed(() => pool.query('INSERT INTO kept VALUES ($1) ON CONFLICT DO NOTHING', [round]));
      await untilHealed(killServer);
      const { rows } = await untilHealed(() => pool.query('SELECT count(*)::int AS n FROM kept'));
      expect(rows).toEqual([{ n: round }]);
    }
  } finally {
    await pool.end();
  }
}, 60_000);

/** A backend that outlived its server may have answered, so the new server may not be running yet. */
async function killServer(): Promise<void> {
  const [pid] = (await readFile(join(folder, 'data/postgres/postmaster.pid'), 'utf8')).split('\n');
  process.kill(Number(pid), 'SIGKILL');
}

/** Repeats the query until it is answered, like a client that waits for the database. */
async function untilHealed<T>(ask: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + HEALED_WITHIN_MS;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await delay(50);
    }
  }
}
