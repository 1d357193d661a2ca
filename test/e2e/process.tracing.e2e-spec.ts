import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Deployment, WITH_ROOT } from '../support/service/deployment.js';
import type { Person } from '../support/http/client.js';
import { scrape, total } from '../support/observability/metrics.js';
import { eventually } from '../support/service/process.js';
import { TraceCollector, type CollectedSpan } from '../support/observability/trace-collector.js';

const AT_ONCE = 12;
const SERVER = 2;
const DIST = join(process.cwd(), 'dist');

let deployment: Deployment;
let collector: TraceCollector;

beforeAll(async () => {
  [deployment, collector] = await Promise.all([Deployment.open({ env: WITH_ROOT }), TraceCollector.start()]);
});
afterAll(async () => {
  collector.close();
  await deployment.close();
});

function caller(): { traceId: string; spanId: string; traceparent: string } {
  const [traceId, spanId] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')];
  return { traceId, spanId, traceparent: `00-${traceId}-${spanId}-01` };
}

describe('with OTEL_EXPORTER_OTLP_ENDPOINT', () => {
  const callers = Array.from({ length: AT_ONCE }, caller);
  const visitor = caller();
  const proxies = [caller(), caller()];
  const secrets: string[] = [];
  let person: Person;
  let sql: CollectedSpan[];
  let requests: CollectedSpan[];

  beforeAll(async () => {
    const service = await deployment.start({
      env: {
        METRICS_PORT: '0',
        DATABASE_POOL_SIZE: '2',
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
        OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
      },
    });
    const metrics = service.log.find(({ msg }) => msg === 'listening')?.['metrics_url'];
    expect(total(await scrape(String(metrics)), 'latchkey_ready')).toBe(1);
    const { client } = service;
    person = await client.register();
    const logins = callers.map(({ traceparent }) =>
      client.post('/auth/login?hint=secret-in-the-query', {
        json: { username: person.username, password: person.password },
        headers: { traceparent, 'user-agent': 'secret-agent' },
      }),
    );
    const pairs = await Promise.all(logins);
    expect(pairs.map(({ status }) => status)).toEqual(callers.map(() => 200));
    const token = String(pairs[0]?.body['access_token']);
    const headers = { traceparent: visitor.traceparent };
    await client.get(`/users/${person.id}`, { token, headers });
    // The framework answers the first request, and the listener before it answers the second.
    for (const { traceparent } of proxies) {
      await client.get('/auth/verify', { token, headers: { traceparent } });
    }
    secrets.push(...pairs.flatMap(({ body }) => [body['access_token'], body['refresh_token']]).map(String));
    await client.get('/health/ready');
    expect(await service.stop()).toMatchObject({ code: 0 });
    requests = collector.spans.filter(({ kind }) => kind === SERVER);
    sql = collector.spans.filter(({ attributes }) => 'db.system.name' in attributes);
  });

  it('a request is a span with its route, and its parent is the caller', () => {
    for (const { traceId, spanId } of callers) {
      expect(requests.filter((span) => span.traceId === traceId)).toMatchObject([
        {
          name: 'POST /auth/login',
          parentSpanId: spanId,
          attributes: { 'http.route': '/auth/login', 'http.request.method': 'POST' },
        },
      ]);
    }
    expect(requests.find(({ traceId }) => traceId === visitor.traceId)?.name).toBe('GET /users/:id');
  });

  it('a check for a proxy is a span with its route, from the framework and from the listener', () => {
    const names = proxies.map(({ traceId }) => requests.find((span) => span.traceId === traceId)?.name);
    expect(names).toEqual(['GET /auth/verify', 'GET /auth/verify']);
  });

  it('its statements are its children, even when requests wait for each other’s connections', () => {
    const perLogin = callers.map(({ traceId }) => {
      const statements = sql.filter((span) => span.traceId === traceId);
      return statements.filter(({ attributes }) =>
        String(attributes['db.query.text']).includes('INSERT INTO sessions'),
      );
    });
    expect(perLogin.map(({ length }) => length)).toEqual(callers.map(() => 1));
    const known = new Set(collector.spans.map(({ spanId }) => spanId));
    for (const { parentSpanId = '' } of sql) expect(known).toContain(parentSpanId);
  });

  it('neither probes nor the work between requests is traced', () => {
    const routes = requests.map(({ attributes }) => attributes['http.route']);
    expect(new Set(routes)).toEqual(new Set(['/auth/register', '/auth/login', '/auth/verify', '/users/:id']));
  });

  it('no span holds a token, a password, a query string, a parameter or a client', () => {
    const sent = collector.received.map(({ body }) => body.toString()).join('\n');
    const { id, email, username, password } = person;
    for (const secret of [...secrets, id, email, username, password, 'secret-', '127.0.0.1', 'argon2id$']) {
      expect(sent).not.toContain(secret);
    }
    expect(new Set(collector.spans.flatMap(({ attributes }) => Object.keys(attributes)))).toEqual(
      new Set([
        'http.request.method',
        'http.response.status_code',
        'http.route',
        'network.protocol.version',
        'url.scheme',
        'db.namespace',
        'db.query.text',
        'db.system.name',
      ]),
    );
  });

  it('the process names its service', () => {
    expect(collector.resource).toMatchObject({
      'service.name': 'latchkey',
      'deployment.environment.name': 'test',
    });
  });
});

describe('with OTEL_TRACES_EXPORTER, and an endpoint in .env', () => {
  it('traces are sent in protobuf, and a lost collector costs one log line and no answer', async () => {
    const { traceId, traceparent } = caller();
    const endpoint = `OTEL_EXPORTER_OTLP_ENDPOINT=${collector.url}\n`;
    await writeFile(join(deployment.folder, '.env'), `${endpoint}OTEL_EXPORTER_OTLP_TIMEOUT=200\n`);
    const env = { OTEL_TRACES_EXPORTER: 'otlp', OTEL_BSP_SCHEDULE_DELAY: '20' };
    const service = await deployment.start({ env });
    const bytes = () => {
      const protobuf = collector.received.filter(({ type }) => type === 'application/x-protobuf');
      return Buffer.concat(protobuf.map(({ body }) => body));
    };
    await service.client.get('/users/me', { headers: { traceparent } });
    await eventually(5000, async () => bytes().includes('GET /users/me'));
    expect(bytes().includes(Buffer.from(traceId, 'hex'))).toBe(true);
    collector.close();
    for (let n = 0; n < 3; n++) {
      const lines = () => service.log.filter(({ msg }) => msg === 'traces cannot be exported');
      expect((await service.client.get('/users/me')).status).toBe(401);
      await eventually(10_000, async () => lines().length === 1);
    }
    expect(await service.stop()).toMatchObject({ code: 0 });
  });
});

describe('without any of these', () => {
  it('neither OpenTelemetry nor the metrics are loaded', () => {
    const chunks = readdirSync(join(DIST, 'chunks')).filter((name) => name.endsWith('.js'));
    const roots = ['main.js', ...chunks.filter((name) => /^(?:main|start-service)-/.test(name))];
    const loaded = new Set<string>();
    const load = (name: string): void => {
      if (loaded.has(name)) return;
      loaded.add(name);
      for (const [, from = ''] of textOf(name).matchAll(/(?:from|import)\s*"\.[^"]*?([^/"]+\.js)"/g))
        load(from);
    };
    roots.forEach(load);
    const holding = (what: string) => [...loaded].filter((name) => isPackedFrom(name, what));
    expect(loaded.size).toBeGreaterThan(3);
    expect(holding('node_modules/pg/lib/client.js')).toHaveLength(1);
    expect(holding('node_modules/@opentelemetry/')).toEqual([]);
    expect(holding('node_modules/prom-client/')).toEqual([]);
    for (const there of ['prom-client', '@opentelemetry/sdk-trace-base']) {
      expect(chunks.some((name) => isPackedFrom(name, `node_modules/${there}/`))).toBe(true);
    }
  });
});

function isPackedFrom(name: string, path: string): boolean {
  const { sources } = JSON.parse(textOf(name, '.map')) as { sources: string[] };
  return sources.some((source) => source.includes(path));
}

function textOf(name: string, ending = ''): string {
  const file = basename(name);
  return readFileSync(join(DIST, file === 'main.js' ? '' : 'chunks', file + ending), 'utf8');
}
