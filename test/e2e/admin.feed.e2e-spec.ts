import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { newClient } from '../support/actors/clients.js';
import { administrator, memberWithScopes, verdict, type Member } from '../support/actors/administrators.js';
import type { Answer } from '../support/http/client.js';
import { startServer, type TestServer } from '../support/service/server.js';

let server: TestServer;
let follower: Member;

interface Row {
  readonly seq: number;
  readonly subject: string;
}

beforeAll(async () => {
  server = await startServer();
  follower = await memberWithScopes(server, 'revocations:read', 'revocations:write');
});
beforeEach(() => server.database.query('DELETE FROM revocations'));
afterAll(() => server.close());

async function feed(query = '', headers: Record<string, string> = {}): Promise<Answer<Row[]>> {
  await server.database.settled();
  return server.client.get<Row[]>(`/revocations${query}`, { token: follower.access_token, headers });
}

async function subjects(query = ''): Promise<string[]> {
  const { status, body } = await feed(query);
  expect(status).toBe(200);
  return body.map(({ subject }) => subject);
}

/** Writes a revocation as another instance would; returns its number in the feed. */
const INSERT = `
  INSERT INTO revocations (id, kind, subject, cutoff, reason, created_at, expires_at)
  VALUES (gen_random_uuid(), 'client', $1, now(), 'test', now(), now() + interval '10 minutes') RETURNING seq::int`;

async function insert(subject: string): Promise<number> {
  const [row] = await server.database.query<{ seq: number }>(INSERT, [subject]);
  return row?.seq ?? 0;
}

async function withConnection<T>(work: (connection: Client) => Promise<T>): Promise<T> {
  const connection = new Client({ ...server.database.target });
  await connection.connect();
  try {
    return await work(connection);
  } finally {
    await connection.end();
  }
}

/** Follows the feed as a service would: reads the page after the last row of the page before. */
class Follower {
  readonly seen: string[] = [];
  private after = 0;

  constructor(private readonly limit: number) {}

  async poll(): Promise<void> {
    for (;;) {
      const { body } = await feed(`?after=${this.after}&limit=${this.limit}`);
      this.seen.push(...body.map(({ subject }) => subject));
      this.after = body.at(-1)?.seq ?? this.after;
      if (body.length < this.limit) return;
    }
  }
}

describe('the feed of revocations', () => {
  it('holds the live rows in order, with all members that a follower needs', async () => {
    const admin = await administrator(server);
    const clients = [
      await newClient(server, admin),
      await newClient(server, admin),
      await newClient(server, admin),
    ];
    for (const { client_id: subject } of clients) {
      const json = { kind: 'client', subject, reason: 'test' };
      await server.client.post('/revocations', { token: follower.access_token, json });
    }
    const { body, headers } = await feed();
    expect(body.map(({ subject }) => subject)).toEqual(clients.map(({ client_id: id }) => id));
    expect(body[0]).toEqual({
      seq: expect.any(Number),
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      kind: 'client',
      subject: clients[0]?.client_id,
      cutoff: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z$/),
      min_version: null,
      soft: false,
      reason: 'test',
      created_at: expect.any(String),
      expires_at: expect.any(String),
    });
    expect(headers.get('x-total-count')).toBe('3');
    expect(headers.get('cache-control')).toBe('no-store');
    await server.move(3_600_000);
    follower = { ...follower, ...(await server.client.loginForService(follower)) };
    expect((await feed()).text).toBe('[]');
    await server.move(-3_600_000);
    follower = { ...follower, ...(await server.client.loginForService(follower)) };
  });

  it('shows a change of permissions as a soft row with a version', async () => {
    const person = await server.client.newcomer();
    await server.database.query(
      `INSERT INTO revocations (id, kind, subject, cutoff, min_version, soft, reason, created_at, expires_at)
       VALUES (gen_random_uuid(), 'user', $1, now(), 2, true, 'roles changed', now(), now() + interval '1 hour')`,
      [person.id],
    );
    expect((await feed()).body).toEqual([
      expect.objectContaining({ kind: 'user', subject: person.id, min_version: 2, soft: true }),
    ]);
  });

  it('continues after a row, page by page, along the Link header', async () => {
    const all = Array.from({ length: 7 }, (_, index) => `c${index}`);
    for (const subject of all) await insert(subject);
    const seen: string[] = [];
    for (let path: string | undefined = '/revocations?limit=3'; path !== undefined;) {
      await server.database.settled();
      const answer: Answer<Row[]> = await server.client.get<Row[]>(path, { token: follower.access_token });
      seen.push(...answer.body.map(({ subject }) => subject));
      path = /<([^>]+)>; rel="next"/.exec(answer.headers.get('link') ?? '')?.[1];
    }
    expect(seen).toEqual(all);
    const last = (await feed()).body.at(-1)?.seq;
    expect((await feed(`?after=${last}`)).text).toBe('[]');
  });

  it('starts with the oldest row where the row of `after` was deleted', async () => {
    const [gone] = [await insert('gone'), await insert('b'), await insert('c')];
    await server.database.query('DELETE FROM revocations WHERE seq = $1', [gone]);
    expect(await subjects(`?after=${gone}`)).toEqual(['b', 'c']);
    expect(await subjects('?after=999999999999999')).toEqual(['b', 'c']);
  });

  it('treats rows with a transaction id from the future (a restored database) as settled, and misses no later row', async () => {
    await insert('before');
    await server.database.query(`UPDATE revocations SET transaction_id = '999999999999'`);
    const [restored] = (await feed()).body;
    expect(restored?.subject).toBe('before');
    await insert('after');
    expect(await subjects(`?after=${restored?.seq}`)).toContain('after');
  });

  it.each(['after=-1', 'after=x', 'after=1.5', 'after=1e3', 'limit=0', 'limit=101', 'limit=x', 'after='])(
    'refuses %s',
    async (query) => {
      expect(verdict((await feed(`?${query}`)) as never)).toEqual([422, 'validation_failed']);
    },
  );

  it('answers 304 to a client that has the page already', async () => {
    await insert('a');
    const tag = (await feed()).headers.get('etag') ?? '';
    expect(tag).toMatch(/^"[\w-]+"$/);
    for (const known of [tag, `W/${tag}`, `"x", ${tag}`, '*']) {
      const answer = await feed('', { 'if-none-match': known });
      expect([answer.status, answer.text, answer.headers.get('etag')]).toEqual([304, '', tag]);
    }
    await insert('b');
    const changed = await feed('', { 'if-none-match': tag });
    expect([changed.status, changed.body.length]).toEqual([200, 2]);
    expect(changed.headers.get('etag')).not.toBe(tag);
  });
});

describe('a row that is committed after a row with a higher number', () => {
  it('is not missed by a follower, at any page size', async () => {
    for (const limit of [1, 2, 100]) {
      await server.database.query('DELETE FROM revocations');
      const reader = new Follower(limit);
      await withConnection(async (connection) => {
        await insert('first');
        await connection.query('BEGIN');
        const late = (await connection.query<{ seq: number }>(INSERT, ['late'])).rows[0]?.seq ?? 0;
        expect(await insert('early')).toBeGreaterThan(late);
        await reader.poll();
        // The later row is committed but held back: it is not settled while the older transaction is open.
        expect(reader.seen).toEqual(['first']);
        await connection.query('COMMIT');
      });
      await reader.poll();
      expect(reader.seen).toEqual(['first', 'late', 'early']);
    }
  });

  it('is not missed where its number was taken before its transaction began to write', async () => {
    const reader = new Follower(100);
    await withConnection(async (connection) => {
      await connection.query('BEGIN');
      const sequence = `SELECT nextval(pg_get_serial_sequence('revocations', 'seq'))::int AS seq`;
      // Every 32nd number is written to the WAL, which would give the open transaction an id: it takes the next one.
      await server.database.query(sequence);
      const seq = (await connection.query<{ seq: number }>(sequence)).rows[0]?.seq ?? 0;
      expect(await insert('higher')).toBeGreaterThan(seq);
      await reader.poll();
      expect(reader.seen).toEqual(['higher']);
      const overriding = INSERT.replace('(id,', '(seq, id,').replace(
        'VALUES (',
        `OVERRIDING SYSTEM VALUE VALUES (${seq}, `,
      );
      await connection.query(overriding, ['lower']);
      await connection.query('COMMIT');
    });
    await reader.poll();
    expect(reader.seen).toEqual(['higher', 'lower']);
  });

  it('is not missed where a transaction is rolled back, or many commit in any order', async () => {
    const reader = new Follower(2);
    const expected = new Set<string>();
    for (let round = 0; round < 5; round++) {
      await Promise.all(
        Array.from({ length: 6 }, (_, index) =>
          withConnection(async (connection) => {
            const subject = `${round}-${index}`;
            await connection.query('BEGIN');
            await connection.query(INSERT, [subject]);
            await new Promise((resolve) => setTimeout(resolve, (index * 37) % 50));
            await connection.query(index === 3 ? 'ROLLBACK' : 'COMMIT');
            if (index !== 3) expected.add(subject);
            await reader.poll();
          }),
        ),
      );
    }
    await reader.poll();
    expect(new Set(reader.seen)).toEqual(expected);
  });
});
