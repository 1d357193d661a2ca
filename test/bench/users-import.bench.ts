import { expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { CLI } from '../support/service/cli.js';
import { createDatabase, urlOf } from '../support/database/database.js';
import { newFolder } from '../support/service/process.js';
import { newSecret } from '../support/service/server.js';
import { report } from './report.js';

/** `BENCH_USERS=200000` makes a shorter run. */
const USERS = Number(process.env['BENCH_USERS'] ?? 1_000_000);
const PAGE = 1000;
const BETWEEN_LOOKS_MS = 20;
/** No password is checked, so any well-formed hash is enough. */
const HASH = `pbkdf2_sha256$600000$zL3mB7kQ0sXw$${'A'.repeat(43)}=`;

function* generated(): Generator<string> {
  for (let n = 0; n < USERS; n += PAGE) {
    const rows = Array.from({ length: Math.min(PAGE, USERS - n) }, (_, offset) => ({
      email: `person.${n + offset}@example.com`,
      username: `person.${n + offset}`,
      full_name: `Person ${n + offset}`,
      created_at: '2020-01-02T03:04:05.000Z',
      roles: ['user'],
      password_hash: HASH,
    }));
    yield rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  }
}

interface Measured {
  readonly seconds: number;
  /** Peak memory in MiB. */
  readonly peakMib: number;
  readonly counts: Readonly<Record<string, unknown>>;
}

async function measured(
  args: readonly string[],
  folder: string,
  env: Record<string, string>,
): Promise<Measured> {
  const begun = performance.now();
  const child = spawn(process.execPath, [CLI, ...args], {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const output = text(child.stdout);
  let peakMib = 0;
  while (child.exitCode === null) {
    const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '');
    peakMib = Math.max(peakMib, Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024);
    await delay(BETWEEN_LOOKS_MS);
  }
  const seconds = (performance.now() - begun) / 1000;
  expect(child.exitCode).toBe(0);
  const last = (await output).trimEnd().split('\n').at(-1) ?? '';
  return { seconds, peakMib, counts: JSON.parse(last === '' ? '{}' : last) as Record<string, unknown> };
}

it('an import of many users, the same import again, and their export', async () => {
  const folder = await newFolder();
  const database = await createDatabase();
  const env = { SECRET_KEY: newSecret(), DATABASE_URL: urlOf(database.target) };
  const path = join(folder.path, 'users.ndjson');
  await pipeline(generated(), createWriteStream(path));
  const importing = ['users', 'import', path, '--without-proof', '--json'];
  const dry = await measured([...importing, '--dry-run'], folder.path, env);
  expect(dry.counts).toMatchObject({ added: USERS, refused: 0 });
  const first = await measured(importing, folder.path, env);
  expect(first.counts).toMatchObject({ added: USERS, present: 0, refused: 0 });
  const again = await measured(importing, folder.path, env);
  expect(again.counts).toMatchObject({ added: 0, present: USERS, refused: 0 });
  const exported = await measured(['users', 'export', join(folder.path, 'out.ndjson')], folder.path, env);
  const rate = ({ seconds }: Measured): number => Math.round(USERS / seconds);
  report(`import of ${USERS} users`, {
    dry_run_seconds: dry.seconds,
    import_seconds: first.seconds,
    import_rows_per_second: rate(first),
    import_peak_mib: Math.round(first.peakMib),
    again_seconds: again.seconds,
    again_rows_per_second: rate(again),
    again_peak_mib: Math.round(again.peakMib),
    export_seconds: exported.seconds,
    export_rows_per_second: rate(exported),
    export_peak_mib: Math.round(exported.peakMib),
  });
  await database.drop();
  await folder.remove();
}, 3_000_000);
