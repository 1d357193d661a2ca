import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/service/process.js';
import { REDIS_SERVER, RedisServer } from '../support/database/redis.js';
import { startServer, type TestServer } from '../support/service/server.js';

const FREE = 5;

if (REDIS_SERVER === undefined) process.stdout.write('skipped: no redis-server or valkey-server here\n');

(REDIS_SERVER === undefined ? describe.skip : describe)('with REDIS_URL attempts', () => {
  let redis: RedisServer;
  let server: TestServer;

  beforeAll(async () => {
    redis = await RedisServer.start();
    server = await startServer({ env: { REDIS_URL: redis.url, LIMIT_FAILURES_PER_ADDRESS: '1000/60' } });
  });
  afterAll(async () => {
    await server.close();
    await redis.kill();
  });

  async function statuses(username: string, password: string, times: number): Promise<number[]> {
    const login = () => server.client.post('/auth/login', { json: { username, password } });
    const answers = await Promise.all(Array.from({ length: times }, login));
    return answers.map(({ status }) => status).sort();
  }

  async function countedInPostgres(): Promise<number> {
    const [row] = await server.database.query<{ count: number }>('SELECT count(*)::int FROM rate_limits');
    return row?.count ?? 0;
  }

  const refused = (times: number) => [
    ...Array.from({ length: FREE }, () => 401),
    ...Array.from({ length: times - FREE }, () => 429),
  ];

  it('are counted in Redis and not in PostgreSQL, parallel ones too', async () => {
    const { username, password } = await server.client.register();
    expect(await statuses(username, 'wrong', 20)).toEqual(refused(20));
    expect(await statuses(username, password, 1)).toEqual([429]);
    expect(await countedInPostgres()).toBe(0);
  });

  it('are forgotten after a success, and right passwords do not count', async () => {
    const { username, password } = await server.client.register();
    expect(await statuses(username, 'wrong', FREE - 1)).toEqual(Array.from({ length: FREE - 1 }, () => 401));
    expect(await statuses(username, password, 1)).toEqual([200]);
    expect(await statuses(username, password, 20)).toEqual(Array.from({ length: 20 }, () => 200));
    expect(await statuses(username, 'wrong', 20)).toEqual(refused(20));
  });

  it('are counted in PostgreSQL during an outage of Redis, with one log line at its start and one at its end', async () => {
    await redis.kill();
    const { username, password } = await server.client.register();
    expect(await statuses(username, password, 3)).toEqual([200, 200, 200]);
    expect(await statuses(username, 'wrong', 20)).toEqual(refused(20));
    expect(await countedInPostgres()).toBeGreaterThan(0);
    const messages = () => server.log.filter(({ msg }) => String(msg).startsWith('Redis'));
    expect(messages()).toEqual([expect.objectContaining({ level: 'warn' })]);
    await redis.start();
    await eventually(10_000, async () => messages().length === 2);
    expect(messages()[1]).toMatchObject({ level: 'info', msg: 'Redis counts attempts again' });
    const other = await server.client.register();
    await server.database.query('DELETE FROM rate_limits');
    expect(await statuses(other.username, 'wrong', 20)).toEqual(refused(20));
    expect(await countedInPostgres()).toBe(0);
  });
});
