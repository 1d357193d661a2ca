import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { INSTALLED_MAJORS, InstalledPostgres } from '../support/database/installed-postgres.js';
import { runCli, type CliExit } from '../support/service/cli.js';
import { killProcesses, newFolder, startProcess, type Folder } from '../support/service/process.js';
import { newSecret } from '../support/service/server.js';

const SETTINGS = {
  SECRET_KEY: newSecret(),
  JWT_ALGORITHM: 'ES256',
  ARGON2_MEMORY_KIB: '8192',
  ARGON2_TIME: '1',
};
if (INSTALLED_MAJORS.length === 0) process.stdout.write('skipped: no other PostgreSQL is installed\n');

let folder: Folder;
beforeAll(async () => {
  folder = await newFolder();
});
afterEach(killProcesses);
afterAll(() => folder.remove());

const latchkey = (args: readonly string[], database: Record<string, string>): Promise<CliExit> =>
  runCli(args, { folder: folder.path, env: { ...SETTINGS, ...database } });

async function moved(from: Record<string, string>, to: Record<string, string>, name: string): Promise<void> {
  const file = join(folder.path, name);
  expect(await latchkey(['backup', file], from)).toMatchObject({ status: 0, stderr: '' });
  expect(await latchkey(['restore', file, '--keep-sessions'], to)).toMatchObject({ status: 0, stderr: '' });
}

(INSTALLED_MAJORS.length > 0 ? describe : describe.skip)('a move with backup and restore', () => {
  it.each(INSTALLED_MAJORS)(
    'from the embedded PostgreSQL to a server of PostgreSQL %s and back keeps sessions, keys and the audit log',
    async (major) => {
      const first = { DATA_DIR: join(folder.path, `first-${major}`) };
      const last = { DATA_DIR: join(folder.path, `last-${major}`) };
      const postgres = await InstalledPostgres.start(major);
      try {
        const server = { DATABASE_URL: await postgres.newDatabase() };
        let service = await startProcess({ folder: folder.path, env: { ...SETTINGS, ...first } });
        let session = await service.client.newcomer();
        await service.stop();
        for (const [from, to] of [
          [first, server],
          [server, last],
        ] as const) {
          await moved(from, to, `${major}-${Object.keys(to).join()}`);
          service = await startProcess({ folder: folder.path, env: { ...SETTINGS, ...to } });
          expect((await service.client.me(session.access_token)).status).toBe(200);
          const { status, body } = await service.client.refresh(session.refresh_token);
          expect(status).toBe(200);
          session = { ...session, ...body };
          await service.stop();
          expect(await latchkey(['audit', 'verify'], to)).toMatchObject({ status: 0, stderr: '' });
        }
      } finally {
        await postgres.stop();
      }
    },
  );
});
