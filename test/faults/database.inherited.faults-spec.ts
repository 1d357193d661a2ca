import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Client as Postgres } from 'pg';
import { inheritedSettings } from '../../src/platform/database/inherited-settings.js';
import { AuditSealer, AuditVerifier } from '../support/service/built.js';
import { createDatabase, testServer, urlOf, type TestDatabase } from '../support/database/database.js';
import { Pooler, poolerIsMissing } from '../support/database/pooler.js';
import { newSecret, startServer, type TestServer } from '../support/service/server.js';

/** Values that `ALTER DATABASE` can give every session, with which an unprepared service fails or stores other values. */
const HOSTILE: ReadonlyArray<readonly [string, string]> = [
  ['DateStyle', 'German'],
  ['DateStyle', 'SQL, DMY'],
  ['TimeZone', 'Pacific/Chatham'],
  ['IntervalStyle', 'sql_standard'],
  ['bytea_output', 'escape'],
  ['extra_float_digits', '-15'],
  ['standard_conforming_strings', 'off'],
  ['client_encoding', 'LATIN1'],
  ['search_path', 'nowhere'],
  ['default_transaction_isolation', 'serializable'],
  ['default_transaction_read_only', 'on'],
  ['default_transaction_deferrable', 'on'],
  ['row_security', 'off'],
  ['array_nulls', 'off'],
  ['transform_null_equals', 'on'],
  ['exit_on_error', 'on'],
  ['statement_timeout', '1'],
  ['lock_timeout', '1'],
  ['idle_in_transaction_session_timeout', '1'],
  ['idle_session_timeout', '1'],
  ['client_min_messages', 'debug5'],
  ['enable_indexscan', 'off'],
  ['synchronous_commit', 'off'],
];

/** One secret for all servers, since the keys in the database are encrypted under it. */
const env = { SECRET_KEY: newSecret() };
let database: TestDatabase;
let server: TestServer | undefined;

beforeAll(async () => {
  database = await createDatabase();
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  await alter('RESET ALL');
});
afterAll(() => database.drop());

/** Changes the settings that new sessions of the database inherit. */
function alter(change: string): Promise<void> {
  return onServer(`ALTER DATABASE ${database.target.database} ${change}`);
}

async function onServer(sql: string, values: string[] = []): Promise<void> {
  const client = new Postgres(testServer());
  await client.connect();
  await client.query(sql, values);
  await client.end();
}

const literal = (value: string) => `'${value}'`;

describe('with a setting that sessions inherit from the database', () => {
  it.each(HOSTILE)(
    '%s = %s registration, login, refresh, lists, logout and the audit log work',
    async (name, value) => {
      await alter(`SET ${name} TO ${name === 'search_path' ? value : literal(value)}`);
      server = await startServer({ database, env });
      const { client } = server;
      const person = await client.newcomer();
      const refreshed = await client.refresh(person.refresh_token);
      expect(refreshed.status).toBe(200);
      const token = refreshed.body.access_token;
      const { body: sessions } = await client.get<Array<{ created_at: string }>>('/auth/sessions', { token });
      expect(Math.abs(Date.parse(sessions[0]?.created_at ?? '') - server.clock.now())).toBeLessThan(60_000);
      expect((await client.get('/health/ready')).status).toBe(200);
      expect((await client.post('/auth/logout', { token })).status).toBe(204);
      expect((await client.me(token)).status).toBe(401);
      await server.app.get(AuditSealer).seal();
      expect((await server.app.get(AuditVerifier).verify()).fault).toBeNull();
    },
  );

  it('is found by its name, with whether Latchkey uses it', async () => {
    await alter(`SET DateStyle TO 'German'`);
    await alter(`SET session_replication_role TO 'replica'`);
    const client = new Postgres(database.target);
    await client.connect();
    const query = async (sql: string, values: unknown[]) => (await client.query(sql, values)).rows as never;
    const [direct, pooled] = [await inheritedSettings(query, false), await inheritedSettings(query, true)];
    await client.end();
    expect(direct).toEqual([
      { name: 'session_replication_role', value: 'replica', overridden: false },
      { name: expect.stringMatching(/^datestyle$/i), value: 'German', overridden: true },
    ]);
    expect(pooled).toContainEqual({ name: 'DateStyle', value: 'German, DMY', overridden: false });
  });
});

(poolerIsMissing ? describe.skip : describe)('behind a transaction pooler', () => {
  it.each(
    HOSTILE.filter(([name]) =>
      /^(DateStyle|TimeZone|standard_conforming_strings|client_encoding)$/.test(name),
    ),
  )('%s = %s logins work', async (name, value) => {
    await alter(`SET ${name} TO ${literal(value)}`);
    const pooler = await Pooler.before(database.target, { sessions: 3 });
    const target = { url: urlOf(pooler.target), pooled: true };
    server = await startServer({ database: { ...database, target: target as never }, env });
    const person = await server.client.newcomer();
    expect((await server.client.refresh(person.refresh_token)).status).toBe(200);
    await server.close();
    server = undefined;
    await pooler.stop();
  });
});

describe('readiness', () => {
  it('fails while the database is read-only, as logins do, and heals by itself', async () => {
    // Behind a pooler the service cannot choose the setting.
    const target = { url: urlOf(database.target), pooled: true };
    server = await startServer({ database: { ...database, target: target as never }, env });
    const { client } = server;
    const login = () => client.post('/auth/login', { json: { username: 'ada', password: 'x' } });
    expect((await client.get('/health/ready')).status).toBe(200);
    await alter(`SET default_transaction_read_only TO 'on'`);
    await onServer('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [
      database.target.database,
    ]);
    expect([(await client.get('/health/ready')).status, (await login()).status]).toEqual([503, 503]);
    await alter('RESET default_transaction_read_only');
    await client.get('/health/ready');
    expect([(await client.get('/health/ready')).status, (await login()).status]).toEqual([200, 401]);
  });

  it('fails for ten seconds after the disk of the database was full', async () => {
    server = await startServer({ database, env });
    await database.query(`CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE 'could not extend file' USING ERRCODE = 'disk_full'; END $$`);
    await database.query(`CREATE TRIGGER full_disk BEFORE INSERT ON users EXECUTE FUNCTION full_disk()`);
    const json = { email: 'ada@example.com', password: 'a long enough phrase' };
    expect((await server.client.post('/auth/register', { json })).status).toBe(503);
    await database.query('DROP FUNCTION full_disk CASCADE');
    expect((await server.client.get('/health/ready')).status).toBe(503);
    await server.move(10_001);
    expect((await server.client.get('/health/ready')).status).toBe(200);
  });
});
