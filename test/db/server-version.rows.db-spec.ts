import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import { dataSourceOptions } from '../../src/platform/database/data-source.js';
import { serverVersion } from '../../src/platform/database/server-version.js';
import { workerDatabase, type TestDatabase } from '../support/database/database.js';

const POOL = { poolSize: 1, connectTimeoutMs: 5000, statementTimeoutMs: 60_000 };
const Version = z.strictObject({ version: z.string().regex(/^\d+/), number: z.int().min(140_000) });

let database: TestDatabase;
let source: DataSource;

beforeAll(async () => {
  database = await workerDatabase();
  source = await new DataSource(dataSourceOptions(database.target, POOL)).initialize();
});
afterAll(async () => {
  await source.destroy();
  await database.drop();
});

it('the version of the server is a text and the number of the same release', async () => {
  const { version, number } = Version.parse(await serverVersion(source.manager));
  expect(Math.floor(number / 10_000)).toBe(Number.parseInt(version, 10));
});
