import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { urlOf } from '../support/database/database.js';
import { CLI } from '../support/service/cli.js';
import { newFolder, type Folder } from '../support/service/process.js';
import { startServer, type TestServer } from '../support/service/server.js';

const README = readFileSync('README.md', 'utf8');
const HAS_CURL = ['/usr/bin/curl', '/bin/curl', '/usr/local/bin/curl'].some(existsSync);
if (!HAS_CURL) process.stdout.write('skipped: no curl; the commands of README are not run\n');

let server: TestServer;
let folder: Folder;

beforeAll(async () => {
  [server, folder] = await Promise.all([startServer({ ownIssuer: true }), newFolder()]);
});
afterAll(async () => {
  await server.close();
  await folder.remove();
});

/** The first matching block of commands under a heading, with the URL and the command line of this test. */
function blockUnder(heading: string, which: RegExp): string {
  const section = README.slice(README.indexOf(`## ${heading}`));
  const block = [...section.matchAll(/```\n(.*?)```/gs)]
    .map(([, code = '']) => code)
    .find((code) => which.test(code));
  if (block === undefined) throw new Error(`README has no such block under ${heading}`);
  return block
    .replaceAll('localhost:3000', new URL(server.url).host)
    .replaceAll('npm run --silent latchkey --', `node ${CLI}`);
}

async function run(commands: string, input = ''): Promise<{ status: number | null; output: string }> {
  const env = {
    PATH: process.env['PATH'] ?? '',
    SECRET_KEY: server.secret,
    DATABASE_URL: urlOf(server.database.target),
  };
  const child = spawn('bash', ['-euo', 'pipefail', '-c', commands], { cwd: folder.path, env });
  const status = new Promise<number | null>((done) => child.once('close', done));
  child.stdin.end(input);
  const output = await text(child.stdout);
  return { status: await status, output };
}

(HAS_CURL ? describe : describe.skip)('the commands of README run unchanged', () => {
  it('from registration to logout', async () => {
    const { status, output } = await run(blockUnder('Start', /auth\/register/));
    expect(status).toBe(0);
    const [registered, profile, refreshed] = output.replaceAll('}{', '}\n{').trim().split('\n');
    expect(JSON.parse(registered ?? '')).toMatchObject({ username: 'ada' });
    expect(JSON.parse(profile ?? '')).toMatchObject({ username: 'ada', email: 'ada@example.com' });
    expect(JSON.parse(refreshed ?? '')).toMatchObject({ token_type: 'bearer' });
  });

  it('from the password of an administrator to the list of users', async () => {
    const { id, password } = await server.client.register('admin');
    await server.database.query(`INSERT INTO user_roles (user_id, role) VALUES ($1, 'admin')`, [id]);
    const { status, output } = await run(blockUnder('Administrators', /\/users /), `${password}\n`);
    expect(status).toBe(0);
    expect(JSON.parse(output)).toContainEqual(expect.objectContaining({ username: 'admin' }));
  });

  it('from a new client to its new secret', async () => {
    const { status, output } = await run(blockUnder('Services: clients', /clients create/));
    expect(status).toBe(0);
    expect(output).toContain('"active":true');
    expect(output).toMatch(/client_secret {2}latchkey_secret_\S+\n/);
  });
});
