import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { PassThrough } from 'node:stream';
import { Client as Postgres } from 'pg';
import { dispatch } from '../support/service/built.js';
import { runCli } from '../support/service/cli.js';
import { createEmptyDatabase } from '../support/database/database.js';
import { newFolder, type Folder } from '../support/service/process.js';
import { newSecret } from '../support/service/server.js';

let database: Awaited<ReturnType<typeof createEmptyDatabase>>;
let folder: Folder;

beforeAll(async () => {
  [database, folder] = await Promise.all([createEmptyDatabase(), newFolder()]);
});
afterAll(() => Promise.all([database.drop(), folder.remove()]));

const latchkey = (...args: string[]) =>
  runCli(args, { folder: folder.path, env: { DATABASE_URL: database.url, SECRET_KEY: newSecret() } });

async function tables(): Promise<number> {
  const client = new Postgres(database.target);
  await client.connect();
  const { rowCount } = await client.query(`SELECT 1 FROM pg_tables WHERE schemaname = 'public'`);
  await client.end();
  return rowCount ?? 0;
}

it('a command that only reads runs no pending migration, and names the command that does', async () => {
  const refused = await latchkey('users', 'list');
  expect(refused).toMatchObject({ status: 1, stdout: '' });
  expect(refused.stderr).toMatch(
    /^latchkey: the database lacks migrations .*Initial\d+.*run latchkey migrate$/m,
  );
  expect(await tables()).toBe(0);
  expect((await latchkey('migrate')).status).toBe(0);
  expect(await latchkey('users', 'list')).toEqual({ status: 0, stdout: '', stderr: '' });
});

/** Whether the command asks for read-only access; undefined if it asks for no app. */
async function onlyReads(args: readonly string[]): Promise<boolean | undefined> {
  let asked: boolean | undefined;
  const silent = () => undefined;
  await dispatch(args, {
    out: silent,
    stream: new PassThrough(),
    input: new PassThrough(),
    err: silent,
    progress: silent,
    password: async () => 'correct horse battery staple',
    ask: async () => undefined,
    withApp: async (_work, options = {}) => {
      asked = options.readsOnly ?? false;
      throw new Error('there is no app');
    },
  });
  return asked;
}

it.each([
  ['users list', []],
  ['users show', ['ada']],
  ['users export', []],
  ['sessions list', ['ada']],
  ['keys list', []],
  ['audit list', []],
  ['incident', ['--user', 'ada']],
  ['users import', ['package.json', '--format', 'ndjson', '--dry-run']],
])('%s only reads: %j', async (command, args) => {
  expect(await onlyReads([...command.split(' '), ...args])).toBe(true);
});

it.each([
  ['users disable', ['ada']],
  ['users delete', ['ada', '--yes']],
  ['sessions end', ['--user', 'ada']],
  ['keys rotate', []],
  ['revoke all', ['--reason', 'a test']],
  ['incident', ['--user', 'ada', '--yes']],
  ['users import', ['package.json', '--format', 'ndjson', '--without-proof']],
])('%s brings the database up to date first: %j', async (command, args) => {
  expect(await onlyReads([...command.split(' '), ...args])).toBe(false);
});
