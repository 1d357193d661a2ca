import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { memberWithScopes, verdict, type Member } from '../support/actors/administrators.js';
import { Lifecycle, RevocationFeed } from '../support/service/built.js';
import { workerDatabase, type TestDatabase } from '../support/database/database.js';
import { DatabaseProxy } from '../support/database/database-proxy.js';
import { EventFollower } from '../support/http/event-follower.js';
import { eventually } from '../support/service/process.js';
import { startServer, type TestServer } from '../support/service/server.js';

const FOLLOWERS_MAX = 100;
const SHARE = 20;
const WITHIN_MS = 1000;

let database: TestDatabase;
let proxy: DatabaseProxy;
let server: TestServer;
let reader: Member;
const opened: EventFollower[] = [];

beforeAll(async () => {
  database = await workerDatabase();
  proxy = await DatabaseProxy.before(database);
  server = await startServer({
    database: { ...database, target: proxy.target },
    env: { DATABASE_CONNECT_TIMEOUT_MS: '2000' },
  });
  reader = await memberWithScopes(server, 'revocations:read', 'revocations:write');
});
beforeEach(async () => {
  await database.query('DELETE FROM revocations');
  await server.app.get(RevocationFeed).catchUp();
});
afterEach(async () => {
  for (const follower of opened.splice(0)) follower.close();
  await eventually(WITHIN_MS, async () => openRequests() === 0);
});
afterAll(async () => {
  await server.close();
  await proxy.cut();
  await database.drop();
});

async function follow(headers: Record<string, string> = {}, query = '', token = reader.access_token) {
  const url = `${server.url}/revocations/stream${query}`;
  const follower = await EventFollower.open(url, { token, headers });
  opened.push(follower);
  return follower;
}

/** A follower that has received its first `current` event. */
async function followed(headers: Record<string, string> = {}, query = ''): Promise<EventFollower> {
  return (await follow(headers, query)).until(isCurrent);
}

const isCurrent = ({ events }: EventFollower): boolean => events.some(({ event }) => event === 'current');
const openRequests = () => server.app.get(Lifecycle).requests;

/** Writes a revocation as another instance would; returns its number in the feed. */
const INSERT = `
  INSERT INTO revocations (id, kind, subject, cutoff, reason, created_at, expires_at)
  VALUES (gen_random_uuid(), 'client', $1, now(), 'test', now(), now() + interval '10 minutes') RETURNING seq::int`;

async function insert(subject: string): Promise<number> {
  const [row] = await database.query<{ seq: number }>(INSERT, [subject]);
  await database.settled();
  await server.app.get(RevocationFeed).catchUp();
  return row?.seq ?? 0;
}

/** Writes rows of the greatest length. */
async function insertMany(name: string, count: number): Promise<void> {
  await database.query(
    `INSERT INTO revocations (id, kind, subject, cutoff, reason, created_at, expires_at)
     SELECT gen_random_uuid(), 'client', $1 || '-' || n, now(), repeat('x', 200), now(), now() + interval '10 minutes'
       FROM generate_series(1, $2) n`,
    [name, count],
  );
}

async function withConnection(work: (connection: Client) => Promise<void>): Promise<void> {
  const connection = new Client({ ...database.target });
  await connection.connect();
  try {
    await work(connection);
  } finally {
    await connection.end();
  }
}

describe('a stream of revocations', () => {
  it('starts with the revocations in force, in the format of GET /revocations, and then sends `current`', async () => {
    const numbers = [await insert('a'), await insert('b')];
    const { events, headers, status, text } = await followed();
    const page = await server.client.get('/revocations', { token: reader.access_token });
    const revocations = events.filter(({ event }) => event === 'revocation');
    expect(revocations.map(({ data }) => data)).toEqual(page.body);
    expect(revocations.map(({ id }) => Number(id))).toEqual(numbers);
    expect(text).toMatch(/^retry: 1000\n\n/);
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      'x-request-id': expect.stringMatching(/./),
    });
    const at = Date.parse(String(events.at(-1)?.data['at']));
    expect(Math.abs(at - server.clock.now())).toBeLessThan(WITHIN_MS);
  });

  it('delivers a logout within a second, with an id from which a stream resumes', async () => {
    const person = await server.client.newcomer();
    const follower = await followed();
    const start = performance.now();
    await server.client.post('/auth/logout', { token: person.access_token });
    await follower.until(({ subjects }) => subjects.length === 1);
    expect(performance.now() - start).toBeLessThan(WITHIN_MS);
    const [revocation] = follower.events.filter(({ event }) => event === 'revocation');
    expect(revocation?.data).toMatchObject({ kind: 'session' });
    await insert('next');
    await follower.until(({ subjects }) => subjects.includes('next'));
    const last = follower.events.findLast(({ id }) => id !== undefined)?.id ?? '';
    expect((await followed({ 'last-event-id': last })).subjects).toEqual([]);
  });

  it('resumes after Last-Event-ID or ?after=, and starts from the beginning when that row was deleted', async () => {
    const [a, b] = [await insert('a'), await insert('b')];
    expect((await followed({ 'last-event-id': String(a) })).subjects).toEqual(['b']);
    expect((await followed({}, `?after=${a}`)).subjects).toEqual(['b']);
    expect((await followed({ 'last-event-id': String(b) }, `?after=${a}`)).subjects).toEqual([]);
    await database.query('DELETE FROM revocations WHERE seq = $1', [a]);
    expect((await followed({ 'last-event-id': String(a) })).subjects).toEqual(['b']);
  });

  it('delivers a row at once, and resumes before it while an older transaction is open', async () => {
    const first = await insert('first');
    const early = await followed();
    await withConnection(async (connection) => {
      await connection.query('BEGIN');
      await connection.query(INSERT, ['late']);
      await database.query(INSERT, ['early']);
      await early.until(({ subjects }) => subjects.includes('early'));
      expect(early.events.find(({ data }) => data['subject'] === 'early')?.id).toBeUndefined();
      // A new follower receives the row too, although GET /revocations holds it back.
      const joined = await followed();
      expect(joined.subjects.sort()).toEqual(['early', 'first']);
      expect(lastId(joined)).toBe(first);
      await connection.query('COMMIT');
      await joined.until(({ subjects }) => subjects.includes('late'));
      await database.settled();
      // When both are settled, the next event with an id moves the cursor on.
      const last = await insert('last');
      await joined.until((follower) => lastId(follower) === last);
      expect(joined.subjects.sort()).toEqual(['early', 'first', 'last', 'late']);
    });
    const resumed = await followed({ 'last-event-id': String(first) });
    expect(resumed.subjects.sort()).toEqual(['early', 'last', 'late']);
  });

  it('loses no row when transactions commit in any order while followers come and go', async () => {
    const steady = await followed();
    const seen = new Set<unknown>();
    const expected: string[] = [];
    let cursor = 0;
    for (let round = 0; round < 5; round++) {
      const writers = Array.from({ length: 6 }, (_, index) =>
        withConnection(async (connection) => {
          await connection.query('BEGIN');
          await connection.query(INSERT, [`${round}-${index}`]);
          await new Promise((resolve) => setTimeout(resolve, (index * 37) % 50));
          await connection.query(index === 3 ? 'ROLLBACK' : 'COMMIT');
        }),
      );
      const passing = await followed({}, `?after=${cursor}`);
      await Promise.all(writers);
      await insert(`${round}-end`);
      await passing.until(({ subjects }) => subjects.includes(`${round}-end`));
      for (const subject of passing.subjects) seen.add(subject);
      cursor = lastId(passing) ?? cursor;
      passing.close();
      expected.push(...[0, 1, 2, 4, 5, 'end'].map((index) => `${round}-${index}`));
    }
    const last = await followed({}, `?after=${cursor}`);
    for (const subject of last.subjects) seen.add(subject);
    expect([...seen].sort()).toEqual(expected.sort());
    await steady.until(({ subjects }) => new Set(subjects).size === expected.length);
  });

  it('ends as a complete response when the token that opened it is revoked', async () => {
    const other = await memberWithScopes(server, 'revocations:read');
    const [ending, staying] = [await follow({}, '', other.access_token), await followed()];
    await ending.until(isCurrent);
    const start = performance.now();
    await server.client.post('/auth/logout', { token: other.access_token });
    await ending.until(({ ended }) => ended);
    expect(performance.now() - start).toBeLessThan(WITHIN_MS);
    expect([ending.whole, staying.ended]).toEqual([true, false]);
  });

  it('ends when the token that opened it expires', async () => {
    reader = { ...reader, ...(await server.client.loginForService(reader)) };
    const follower = await followed();
    // In steps below the limit of staleness, at which a heartbeat between clock and feed would end the stream.
    for (let step = 0; step < 3; step++) await server.move(280_000);
    expect(follower.ended).toBe(false);
    await server.move(61_000);
    await follower.until(({ ended }) => ended);
    expect(follower.whole).toBe(true);
    await server.move(-15 * 60_000 - 1000);
  });

  it('sends no `current` while the database is unreachable, and resumes once it is back', async () => {
    const follower = await followed();
    await proxy.cut();
    // A read that was under way may still have finished.
    await follower.until(({ text }) => text.endsWith('\n\n:\n\n'));
    const before = follower.events.length;
    await follower.until(({ text }) => text.endsWith('\n\n:\n\n:\n\n'));
    expect(follower.events.length).toBe(before);
    const refused = await server.client.get('/revocations/stream', { token: reader.access_token });
    expect(verdict(refused)).toEqual([503, 'unavailable']);
    await proxy.restore();
    await database.query(INSERT, ['after the outage']);
    await follower.until(({ subjects }) => subjects.includes('after the outage'));
    await follower.until(({ events }) => events.at(-1)?.event === 'current');
  });

  it('delivers more rows at once than fit its buffer, page by page', async () => {
    const followers = [await followed(), await followed()];
    await insertMany('burst', 5000);
    for (const follower of followers) {
      await follower.until(({ subjects }) => new Set(subjects).size === 5000);
      // No `current` event came before all rows had arrived.
      const first = follower.events.findIndex(({ event }) => event === 'revocation');
      const current = follower.events.findIndex(({ event }, at) => at > first && event === 'current');
      const before = follower.events.slice(0, current < 0 ? undefined : current);
      expect(new Set(before.map(({ data }) => data['subject'])).size).toBeGreaterThanOrEqual(5000);
    }
  });

  it('is closed when its follower does not read, and stays complete for other followers', async () => {
    const [lazy, busy] = [await followed(), await followed()];
    lazy.pause();
    let size = 0;
    const isCut = async (): Promise<boolean> => {
      await insertMany(`lazy-${size++}`, 400);
      await server.app.get(RevocationFeed).catchUp();
      return openRequests() === 1;
    };
    await eventually(10_000, isCut);
    busy.events.push({ id: undefined, event: 'mark', data: {} });
    await busy.until(({ events }) => events.at(-1)?.event === 'current');
    expect(new Set(busy.subjects).size).toBe(size * 400);
  });
});

describe('a stream is refused', () => {
  it.each(['x', '-1', '1.5', '1e3', '1'.repeat(16)])('with the cursor %s', async (cursor) => {
    const token = reader.access_token;
    const header = await server.client.get('/revocations/stream', {
      token,
      headers: { 'last-event-id': cursor },
    });
    expect(verdict(header)).toEqual([422, 'validation_failed']);
    const query = await server.client.get(`/revocations/stream?after=${cursor}`, { token });
    expect(verdict(query)).toEqual([422, 'validation_failed']);
  });

  it('to more followers than an instance allows', async () => {
    const others = await Promise.all(
      Array.from({ length: FOLLOWERS_MAX / SHARE - 1 }, () => memberWithScopes(server, 'revocations:read')),
    );
    for (const { access_token: token } of [reader, ...others])
      await Promise.all(Array.from({ length: SHARE }, () => follow({}, '', token)));
    const refused = await server.client.get('/revocations/stream', { token: reader.access_token });
    expect([...verdict(refused), refused.headers.get('retry-after')]).toEqual([503, 'overloaded', '1']);
    opened.shift()?.close();
    await eventually(WITHIN_MS, async () => openRequests() === FOLLOWERS_MAX - 1);
    expect((await follow()).status).toBe(200);
  });

  it('beyond the share of one user or client, which leaves the others theirs', async () => {
    await Promise.all(Array.from({ length: SHARE }, () => follow()));
    const refused = await server.client.get('/revocations/stream', { token: reader.access_token });
    expect([...verdict(refused), refused.headers.get('retry-after')]).toEqual([
      429,
      'too_many_attempts',
      '30',
    ]);
    const other = await memberWithScopes(server, 'revocations:read');
    expect((await follow({}, '', other.access_token)).status).toBe(200);
    opened.shift()?.close();
    await eventually(WITHIN_MS, async () => openRequests() === SHARE);
    expect((await follow()).status).toBe(200);
  });

  it('not to a HEAD, which opens no stream', async () => {
    const { status, headers } = await server.client.request('HEAD', '/revocations/stream', {
      token: reader.access_token,
    });
    expect([status, headers.get('content-type')]).toEqual([200, 'text/event-stream']);
    expect(openRequests()).toBe(0);
  });

  it('while the service stops; open streams end at once', async () => {
    const follower = await followed();
    const start = performance.now();
    server.app.get(Lifecycle).drain();
    await follower.until(({ ended }) => ended);
    await eventually(WITHIN_MS, async () => openRequests() === 0);
    expect(performance.now() - start).toBeLessThan(WITHIN_MS);
    expect(follower.whole).toBe(true);
    const refused = await server.client.get('/revocations/stream', { token: reader.access_token });
    expect(verdict(refused)).toEqual([503, 'unavailable']);
  });
});

function lastId({ events }: EventFollower): number | undefined {
  const id = events.findLast((event) => event.id !== undefined)?.id;
  return id === undefined ? undefined : Number(id);
}
