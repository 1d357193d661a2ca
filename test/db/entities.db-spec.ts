import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type * as typeorm from 'typeorm';
import { DataSource } from '../support/service/built.js';
import { startServer, type TestServer } from '../support/service/server.js';

let server: TestServer;
let dataSource: typeorm.DataSource;

beforeAll(async () => {
  server = await startServer();
  dataSource = server.app.get(DataSource);
});
afterAll(() => server.close());

/** TypeORM does not know PostgreSQL's type xid8, so these columns are in no entity. */
async function unknownToTypeorm(): Promise<string[]> {
  const columns: Array<{ table_name: string; column_name: string }> = await dataSource.query(
    `SELECT c.table_name, c.column_name FROM information_schema.columns c
       JOIN pg_class t ON t.oid = format('%I.%I', c.table_schema, c.table_name)::regclass
      WHERE c.table_schema = 'public' AND c.udt_name = 'xid8' AND NOT t.relispartition`,
  );
  return columns.map(
    ({ table_name: table, column_name: column }) => `ALTER TABLE "${table}" DROP COLUMN "${column}"`,
  );
}

describe('the entities', () => {
  it('describe the schema that the migrations make, but for columns of the type xid8', async () => {
    const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
    expect(upQueries.map(({ query }) => query).sort()).toEqual((await unknownToTypeorm()).sort());
  });

  it('are one for each table, partitions and the list of migrations aside', async () => {
    const tables: Array<{ relname: string }> = await dataSource.query(
      `SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
          AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> 'migrations'`,
    );
    const named = dataSource.entityMetadatas.map(({ tableName }) => tableName);
    expect(named.sort()).toEqual(tables.map(({ relname }) => relname).sort());
  });
});
