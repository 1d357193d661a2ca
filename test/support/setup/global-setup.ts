import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type * as embedded from '@latchkey/embedded-postgres';
import { load } from './compile.cjs';

/** The place where global-teardown finds the server of this run. */
export interface TestRun {
  latchkeyTestPostgres?: { readonly server: embedded.EmbeddedPostgres; readonly folder: string };
}

const PREFIX = 'lk-run-';
const ROOT = resolve(__dirname, '../../..');

/**
 * Starts one PostgreSQL per test run, with `fsync` off, since only a power cut would need it. Its connection is in
 * LATCHKEY_TEST_POSTGRES as JSON. If the run is killed, the watchdog stops the server and the next run removes its
 * folder.
 */
export default async function globalSetup(): Promise<void> {
  // Most tests run the built service and the built verifier, so an old build would test old code.
  execFileSync(process.execPath, ['tools/build.js'], { cwd: ROOT, stdio: 'inherit' });
  await removeFoldersOfKilledRuns();
  const folder = await mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`));
  try {
    // If the tests run as root, the server runs under another account, which needs access to the folder.
    await chmod(folder, 0o711);
    const { startEmbeddedPostgres } = await load<typeof embedded>(join(ROOT, 'dist/embedded-postgres.js'));
    const server = await startEmbeddedPostgres({
      dataDir: join(folder, 'data'),
      settings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '200' },
    });
    const password = await readFile(join(folder, 'data/postgres/latchkey_superuser.password'), 'utf8');
    const superuser = { ...server.connection, user: 'latchkey_superuser', password };
    process.env['LATCHKEY_TEST_POSTGRES'] = JSON.stringify({ application: server.connection, superuser });
    (globalThis as TestRun).latchkeyTestPostgres = { server, folder };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

async function removeFoldersOfKilledRuns(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = name.startsWith(PREFIX) ? Number.parseInt(name.slice(PREFIX.length), 10) : 0;
    if (!pid || isAlive(pid)) continue;
    await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => undefined);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
