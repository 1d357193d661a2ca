import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { KEPT_TRANSACTIONS, NUMBERED_ANEW } from '../../src/backup/numbered-columns.js';
import { createDatabase, type TestDatabase } from '../support/database/database.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database.drop());

it('a restore numbers a column anew or keeps it, and says which for every column that the server numbers', async () => {
  const numbered = await database.query<{ name: string }>(
    `SELECT c.relname || '.' || a.attname AS name
       FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
      WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
        AND c.relname <> 'migrations' AND a.attnum > 0 AND NOT a.attisdropped
        AND (a.atttypid = 'xid8'::regtype OR a.attidentity = 'a')
      ORDER BY 1`,
  );
  const decided = [
    ...Object.entries(NUMBERED_ANEW).flatMap(([table, { columns }]) =>
      columns.map((one) => `${table}.${one}`),
    ),
    ...Object.entries(KEPT_TRANSACTIONS).flatMap(([table, columns]) =>
      columns.map((one) => `${table}.${one}`),
    ),
  ];
  expect(numbered.map(({ name }) => name)).toEqual(decided.sort());
});
