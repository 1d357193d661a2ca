import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { workerDatabase, type TestDatabase } from '../support/database/database.js';

let database: TestDatabase;

beforeAll(async () => {
  database = await workerDatabase();
});
afterAll(() => database.drop());

/** Deleting a user or a client reads the rows that name it; without such an index, all there are. */
it('rows that go with another are found by an index over all of them that begins with its id', async () => {
  const keys = await database.query<{ name: string; indexed: boolean }>(
    `SELECT c.conname AS name,
            EXISTS (SELECT 1 FROM pg_index i
                     WHERE i.indrelid = c.conrelid AND i.indpred IS NULL AND i.indisvalid AND i.indkey[0] = c.conkey[1])
              AS indexed
       FROM pg_constraint c WHERE c.contype = 'f' AND c.connamespace = 'public'::regnamespace ORDER BY 1`,
  );
  expect(keys.length).toBeGreaterThan(3);
  expect(keys.filter(({ indexed }) => !indexed)).toEqual([]);
});
