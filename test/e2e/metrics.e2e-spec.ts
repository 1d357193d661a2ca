import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MetricsServer, RevocationFeed } from '../support/service/built.js';
import { matching, parts, scrape, total, type Sample } from '../support/observability/metrics.js';
import { eventually } from '../support/service/process.js';
import { startServer, type TestServer } from '../support/service/server.js';

const OBSERVABILITY = join(process.cwd(), 'docs/observability');
const PROMTOOL = spawnSync('promtool', ['--version']).status === 0;
if (!PROMTOOL) process.stdout.write('skipped in part: no promtool here (Debian: prometheus)\n');

let server: TestServer;
let url: string;
let refusedStart: unknown;

beforeAll(async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => taken.once('listening', resolve));
  const { port } = taken.address() as { port: number };
  refusedStart = await startServer({ env: { METRICS_PORT: String(port) } }).catch((error: unknown) => error);
  await new Promise((resolve) => taken.close(resolve));
  // One hash at a time and no queue, so that the second of two concurrent logins is refused.
  const env = { METRICS_PORT: '0', JWT_ALGORITHM: 'ES256', HASH_CONCURRENCY: '1', HASH_QUEUE: '0' };
  server = await startServer({ env });
  url = server.app.get(MetricsServer).url ?? '';
});
afterAll(async () => {
  await server.close();
  await expect(fetch(url)).rejects.toThrow('fetch failed');
});

/** The increase of each of these metrics during an action. */
async function risen(
  what: Record<string, readonly [name: string, labels?: Record<string, string>]>,
  work: () => Promise<unknown>,
): Promise<Record<string, number>> {
  const before = await scrape(url);
  await work();
  const after = await scrape(url);
  const rise = ([name, labels]: (typeof what)[string]) =>
    total(after, name, labels) - total(before, name, labels);
  return Object.fromEntries(Object.entries(what).map(([key, of]) => [key, rise(of)]));
}

const login = (outcome: string) => ['latchkey_logins_total', { outcome }] as const;
const refresh = (outcome: string) => ['latchkey_refreshes_total', { outcome }] as const;
const requests = (labels: Record<string, string>) => ['latchkey_http_requests_total', labels] as const;

describe('the port of the metrics', () => {
  it('serves only GET /metrics', async () => {
    const answers = await Promise.all([
      fetch(url),
      fetch(`${url}?collect=all`),
      fetch(url, { method: 'POST' }),
      fetch(new URL('/', url)),
      fetch(new URL('/health/live', url)),
      fetch(new URL('/users/me', url)),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 404, 404, 404, 404]);
  });

  it('is not the port of the service', async () => {
    expect((await server.client.get('/metrics')).status).toBe(404);
  });

  it('stops the start if the port is in use', () => {
    expect(refusedStart).toMatchObject({ code: 'EADDRINUSE', syscall: 'listen' });
  });
});

describe('counters', () => {
  it('count every request by route, status and code, as in the log', async () => {
    const line = () => server.log.findLast(({ msg }) => msg === 'request');
    const rises = await risen(
      {
        granted: requests({ method: 'GET', route: '/health/live', status: '200', code: 'none' }),
        refused: requests({ method: 'GET', route: '/users/:id', status: '401', code: 'token_missing' }),
        unmatched: requests({ route: 'unmatched', status: '404', code: 'not_found' }),
        timed: ['latchkey_http_request_duration_seconds_count', { route: '/users/:id' }],
      },
      async () => {
        await server.client.get('/health/live');
        await server.client.get(`/users/${randomUUID()}`);
        expect(line()).toMatchObject({ route: '/users/:id', status: 401, code: 'token_missing' });
        await server.client.get(`/nothing/${randomUUID()}`);
        expect(line()).toMatchObject({ route: 'unmatched', status: 404, code: 'not_found' });
      },
    );
    expect(rises).toEqual({ granted: 1, refused: 1, unmatched: 1, timed: 1 });
    expect(line()).not.toHaveProperty('aborted');
  });

  it('count a client that disconnected before its answer, with a line in the log', async () => {
    const { hostname, port } = new URL(server.url);
    const id = randomUUID();
    const left = () => server.log.find((line) => line['request_id'] === id && line['msg'] === 'request');
    const rises = await risen(
      { left: requests({ route: '/auth/login', status: '499', code: 'none' }) },
      async () => {
        const socket = connect(Number(port), hostname);
        socket.write(
          `POST /auth/login HTTP/1.1\r\nhost: a\r\nx-request-id: ${id}\r\n` +
            'content-type: application/json\r\ncontent-length: 100\r\n\r\n{',
        );
        await eventually(
          5000,
          async () => total(await scrape(url), 'latchkey_http_requests_in_flight') === 1,
        );
        socket.destroy();
        await eventually(5000, async () => left() !== undefined);
      },
    );
    expect(rises).toEqual({ left: 1 });
    expect(left()).toMatchObject({ method: 'POST', route: '/auth/login', status: 499, aborted: true });
  });

  it('count every login by outcome', async () => {
    const person = await server.client.register();
    const disabled = await server.client.register();
    await server.database.query(`UPDATE users SET status = 'disabled' WHERE id = $1`, [disabled.id]);
    const attempt = (username: string, password: string) =>
      server.client.post('/auth/login', { json: { username, password } });
    const rises = await risen(
      {
        granted: login('granted'),
        wrong: login('invalid_credentials'),
        disabled: login('account_disabled'),
        delayed: login('too_many_attempts'),
      },
      async () => {
        await server.client.login(person);
        await server.client.post('/oauth/token', {
          form: { grant_type: 'password', username: person.username, password: person.password },
        });
        await attempt(disabled.username, disabled.password);
        for (let guess = 0; guess < 6; guess++) await attempt(person.username, 'a wrong password');
      },
    );
    expect(rises).toEqual({ granted: 2, wrong: 5, disabled: 1, delayed: 1 });
  });

  it('count every login refused because too many arrived at once', async () => {
    const person = await server.client.register();
    const rises = await risen(
      { overloaded: login('overloaded'), failed: requests({ status: '503', code: 'overloaded' }) },
      async () => {
        const { username, password } = person;
        const attempt = () => server.client.post('/auth/login', { json: { username, password } });
        await Promise.all(Array.from({ length: 20 }, attempt));
      },
    );
    expect(rises['overloaded']).toBeGreaterThan(0);
    expect(rises['failed']).toBe(rises['overloaded']);
  });

  it('count every refresh by outcome', async () => {
    const { refresh_token: first } = await server.client.newcomer();
    const rises = await risen(
      {
        rotated: refresh('rotated'),
        replayed: refresh('replayed'),
        replaced: refresh('replaced'),
        reused: refresh('refresh_token_reused'),
        over: refresh('session_revoked'),
        invalid: refresh('refresh_token_invalid'),
        expired: refresh('refresh_token_expired'),
      },
      async () => {
        const { body: second } = await server.client.refresh(first);
        await server.client.refresh(first);
        await server.move(31_000);
        await server.client.refresh(first);
        await server.client.refresh(second.refresh_token);
        await server.client.refresh(first);
        await server.client.refresh('nonsense');
        await server.move(8 * 86_400_000);
        await server.client.refresh(first);
      },
    );
    expect(rises).toEqual({
      rotated: 1,
      replayed: 1,
      replaced: 1,
      reused: 1,
      over: 1,
      invalid: 1,
      expired: 1,
    });
  });

  it('count every revocation and measure its time to take effect here', async () => {
    const { access_token: token, id } = await server.client.newcomer();
    const spread = (from: string) => ['latchkey_revocation_spread_seconds_count', { from }] as const;
    const rises = await risen(
      {
        session: ['latchkey_revocations_total', { kind: 'session', effect: 'dead' }],
        here: spread('here'),
        elsewhere: spread('elsewhere'),
        sum: ['latchkey_revocation_spread_seconds_sum', { from: 'elsewhere' }],
        live: ['latchkey_revocations_live'],
      },
      async () => {
        await server.client.post('/auth/logout', { token });
        // As if another instance had done this half a second ago.
        const made = new Date(server.clock.now() - 500);
        await server.database.query(
          `INSERT INTO revocations (id, kind, subject, cutoff, min_version, soft, reason, actor, created_at, expires_at)
           VALUES ($1, 'user', $2, $3, NULL, false, 'a test', NULL, $3, $4)`,
          [randomUUID(), id, made, new Date(server.clock.now() + 60_000)],
        );
        const feed = server.app.get(RevocationFeed);
        await feed.catchUp();
        await feed.catchUp();
      },
    );
    expect(rises).toMatchObject({ session: 1, here: 1, elsewhere: 1, live: 2 });
    expect(rises['sum']).toBeGreaterThan(0.4);
    expect(rises['sum']).toBeLessThan(5);
  });
});

describe('gauges', () => {
  it('show that the instance no longer receives revocations', async () => {
    const fresh = await scrape(url);
    expect(total(fresh, 'latchkey_ready')).toBe(1);
    expect(total(fresh, 'latchkey_revocation_feed_staleness_seconds')).toBeLessThan(5);
    server.clock.move(20_000);
    const stale = await scrape(url);
    await server.move(0);
    expect(total(stale, 'latchkey_ready')).toBe(0);
    expect(total(stale, 'latchkey_revocation_feed_staleness_seconds')).toBeGreaterThanOrEqual(19);
  });

  it('show the pool, the queue and the keys', async () => {
    const samples = await scrape(url);
    expect(total(samples, 'latchkey_database_connections')).toBeGreaterThan(0);
    expect(total(samples, 'latchkey_database_connections_limit')).toBe(20);
    expect(total(samples, 'latchkey_password_hash_queue_limit')).toBe(0);
    expect(total(samples, 'latchkey_signing_keys', { state: 'active', algorithm: 'ES256' })).toBe(1);
    const due = total(samples, 'latchkey_signing_key_rotation_due_timestamp_seconds');
    expect(due * 1000).toBeGreaterThan(Date.now() + 29 * 86_400_000);
    expect(due * 1000).toBeLessThan(Date.now() + 31 * 86_400_000);
  });

  it('contain no data of requests: neither paths nor names', async () => {
    const { id, username, email } = await server.client.newcomer();
    await server.client.get(`/users/${id}?name=${username}`);
    const text = await (await fetch(url)).text();
    for (const secret of [id, username, email]) expect(text).not.toContain(secret);
  });
});

describe('the dashboard and the alert rules', () => {
  let samples: Sample[];
  let queries: string[];

  beforeAll(async () => {
    samples = await scrape(url);
    queries = [...(await dashboardQueries()), ...(await alertQueries())];
  });

  it('use only metrics that are served', () => {
    const unknown = queries.flatMap((query) => {
      const { selectors, grouped } = parts(query);
      const labels = new Set(selectors.flatMap(({ name }) => labelsOf(samples, name)));
      return [
        ...(selectors.length === 0 ? [`nothing in ${query}`] : []),
        ...grouped.filter((label) => !labels.has(label)).map((label) => `the label ${label} in ${query}`),
        ...selectors.flatMap(({ name, matchers }) =>
          matchers
            .filter(({ label }) => !labelsOf(samples, name).includes(label))
            .map(({ label }) => `the label ${label} of ${name}`),
        ),
        ...selectors.filter((of) => !samples.some(matching(of))).map(({ name }) => `${name} in ${query}`),
      ];
    });
    expect(unknown).toEqual([]);
    expect(queries.length).toBeGreaterThan(30);
  });

  it('use only counters that have risen during this test', () => {
    const still = queries
      .flatMap((query) => parts(query).selectors)
      .filter(({ name }) => /_(total|count|bucket)$/.test(name))
      .filter((of) => samples.filter(matching(of)).every(({ value }) => value === 0))
      .map(({ name }) => name);
    expect(still).toEqual([]);
  });

  (PROMTOOL ? it : it.skip)('and the names are what Prometheus takes', async () => {
    execFileSync('promtool', ['check', 'rules', join(OBSERVABILITY, 'alerts.yml')]);
    const folder = await mkdtemp(join(tmpdir(), 'lk-rules-'));
    const rules = (await dashboardQueries()).map((expr, index) => ({ record: `query:${index}`, expr }));
    // JSON is YAML.
    await writeFile(join(folder, 'rules.yml'), JSON.stringify({ groups: [{ name: 'dashboard', rules }] }));
    execFileSync('promtool', ['check', 'rules', join(folder, 'rules.yml')]);
    await rm(folder, { recursive: true });
    const text = await (await fetch(url)).text();
    const ours = text.split('\n').filter((line) => /(^|# \w+ )latchkey_/.test(line));
    const said = execFileSync('promtool', ['check', 'metrics'], { input: `${ours.join('\n')}\n` });
    expect(said.toString()).toBe('');
  });
});

function labelsOf(samples: readonly Sample[], name: string): string[] {
  return samples.filter((sample) => sample.name === name).flatMap(({ labels }) => Object.keys(labels));
}

/** The query with values for Grafana's own variables. */
async function dashboardQueries(): Promise<string[]> {
  const dashboard = JSON.parse(await readFile(join(OBSERVABILITY, 'dashboard.json'), 'utf8')) as {
    panels: Array<{ targets?: Array<{ expr: string }> }>;
  };
  const queries = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
  return queries.map((query) => query.replaceAll('$__rate_interval', '5m').replaceAll('$job', '.*'));
}

async function alertQueries(): Promise<string[]> {
  const text = await readFile(join(OBSERVABILITY, 'alerts.yml'), 'utf8');
  const queries = [...text.matchAll(/^ +expr: (.+)$/gm)].map(([, query = '']) => query);
  expect(queries.length).toBe(text.match(/- alert:/g)?.length);
  return queries;
}
