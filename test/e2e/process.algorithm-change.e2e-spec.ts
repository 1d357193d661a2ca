import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createDatabase, urlOf, type TestDatabase } from '../support/database/database.js';
import { runCli } from '../support/service/cli.js';
import { killProcesses, newFolder, startProcess, type Folder } from '../support/service/process.js';
import { newSecret } from '../support/service/server.js';
import { decode } from '../support/tokens/tokens.js';

const LEAD_MS = 302_000;

let database: TestDatabase;
let folder: Folder;
let env: Record<string, string>;

beforeAll(async () => {
  [database, folder] = await Promise.all([createDatabase(), newFolder()]);
  env = { SECRET_KEY: newSecret(), DATABASE_URL: urlOf(database.target) };
});
afterAll(async () => {
  await killProcesses();
  await Promise.all([database.drop(), folder.remove()]);
});

describe('a start after JWT_ALGORITHM was changed from HS256 to ES256', () => {
  it('says, as banner, as log line and by doctor, what signs now, until when, and what then', async () => {
    const before = await startProcess({ folder: folder.path, env: { ...env, JWT_ALGORITHM: 'HS256' } });
    expect(before.log.find(({ msg }) => msg === 'listening')).not.toHaveProperty('signs_until');
    const person = await before.client.newcomer();
    await before.stop();

    const from = Date.now();
    const [logged, shown] = [
      await startProcess({ folder: folder.path, env }),
      await startProcess({ folder: folder.path, env: { ...env, LOG_FORMAT: 'pretty' } }),
    ];
    const line = logged.log.find(({ msg }) => msg === 'listening') ?? {};
    const until = String(line['signs_until']);
    expect(line).toMatchObject({
      algorithm: 'HS256',
      key_fingerprint: decode(person.access_token).header['kid'],
      next_algorithm: 'ES256',
      next_key_fingerprint: expect.stringMatching(/^[\w-]{43}$/),
    });
    expect(Date.parse(until) - from).toBeGreaterThan(LEAD_MS - 1000);
    expect(Date.parse(until) - from).toBeLessThan(LEAD_MS + 60_000);
    expect(shown.stdout).toContain(`tokens  HS256 until ${until}, then ES256, access 15 minutes`);
    expect(decode((await logged.client.login(person)).access_token).header['alg']).toBe('HS256');

    const doctor = await runCli(['doctor'], { folder: folder.path, env });
    expect(doctor.stdout).toMatch(new RegExp(`keys +HS256 [\\w-]+ signs until ${until}, then ES256 [\\w-]+`));
  });
});
