import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AuditSealer, AuditService, FirstAdministrator, Transactions } from '../support/service/built.js';
import type { NewAuditEvent } from '../../src/audit/audit-event.js';
import { CLI } from '../support/service/cli.js';
import { urlOf } from '../support/database/database.js';
import { eventually } from '../support/service/process.js';
import { startServer, type TestServer } from '../support/service/server.js';

type Event = Record<string, unknown> & { readonly id: string };

let server: TestServer;
let token: string;

beforeAll(async () => {
  server = await startServer();
  const root = { username: 'root@example.com', password: 'only for this test run' };
  await server.app.get(FirstAdministrator).ensure({ email: root.username, password: root.password });
  ({ access_token: token } = await server.client.loginForService(root));
});
afterAll(() => server.close());
beforeEach(() => server.database.query('TRUNCATE audit_events, audit_seals'));

async function record(event: Partial<NewAuditEvent> = {}): Promise<void> {
  await server.app.get(Transactions).run((transaction) =>
    server.app.get(AuditService).record(transaction, {
      action: 'user.disabled',
      actor: 'root',
      subject: { kind: 'user', id: 'somebody' },
      ...event,
    }),
  );
  // Ids of one millisecond have no order.
  server.clock.move(1);
}

function events(query = '', asking = token) {
  return server.client.get<Event[]>(`/audit-events${query}`, { token: asking });
}

describe('GET /audit-events', () => {
  it('returns the action, actor, subject, time and origin of an event', async () => {
    await record({
      sessionId: 'a-session',
      origin: { ip: '192.0.2.7', userAgent: 'curl/8.5.0', requestId: 'r-1' },
      details: { reason: 'left the company' },
    });
    const { status, body, headers } = await events();
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(body).toEqual([
      {
        id: expect.stringMatching(/^[\da-f]{8}-[\da-f]{4}-7/),
        created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        action: 'user.disabled',
        actor: 'root',
        subject_kind: 'user',
        subject: 'somebody',
        session_id: 'a-session',
        ip: '192.0.2.7',
        user_agent: 'curl/8.5.0',
        request_id: 'r-1',
        details: { reason: 'left the company' },
      },
    ]);
  });

  it('lists the newest events first, page by page along the Link header', async () => {
    for (let index = 0; index < 5; index++) await record({ subject: { kind: 'user', id: `u${index}` } });
    const subjects: unknown[] = [];
    let next: string | undefined = '?limit=2';
    let pages = 0;
    while (next !== undefined && pages++ < 5) {
      const { body, headers } = await events(next);
      expect(headers.get('x-total-count')).toBeNull();
      subjects.push(...body.map(({ subject }) => subject));
      next = /^<\/audit-events(.*)>; rel="next"$/.exec(headers.get('link') ?? '')?.[1];
    }
    expect(subjects).toEqual(['u4', 'u3', 'u2', 'u1', 'u0']);
    expect(pages).toBe(3);
  });

  it('filters by actor, subject and action, also beyond the first page', async () => {
    await record({ actor: 'ada & co' });
    await record({ actor: 'ada & co', subject: { kind: 'role', id: 'admin' }, action: 'role.changed' });
    await record({ actor: 'bob', subject: { kind: 'role', id: 'admin' }, action: 'role.changed' });
    await record({ actor: null });
    const actors = async (query: string) => (await events(query)).body.map(({ actor }) => actor);
    expect(await actors('?actor=ada+%26+co')).toHaveLength(2);
    expect(await actors('?subject=admin')).toEqual(['bob', 'ada & co']);
    expect(await actors('?action=role.changed&actor=bob')).toEqual(['bob']);
    expect(await actors('?actor=nobody')).toEqual([]);
    const { headers } = await events('?limit=1&actor=ada+%26+co');
    const next = /^<\/audit-events(.*)>/.exec(headers.get('link') ?? '')?.[1];
    expect((await events(next)).body).toMatchObject([{ actor: 'ada & co', action: 'user.disabled' }]);
  });

  it.each(['limit=0', 'limit=101', 'after=x', 'action=nonsense', 'actor=', 'actor=%00', 'actor=a&actor=b'])(
    'refuses ?%s',
    async (query) => {
      const { status, body } = await events(`?${query}`);
      expect([status, (body as unknown as Event)['code']]).toEqual([422, 'validation_failed']);
    },
  );

  it('is refused without the scope audit:read', async () => {
    const { access_token: asking } = await server.client.newcomer();
    expect((await events('', asking)).status).toBe(403);
    expect((await server.client.get('/audit-events')).status).toBe(401);
  });
});

describe('the sealer', () => {
  it('seals events by itself within seconds', async () => {
    await record();
    await eventually(10_000, async () => {
      const seals = await server.database.query('SELECT 1 FROM audit_seals');
      return seals.length === 1;
    });
    expect(server.log).toContainEqual(
      expect.objectContaining({ msg: 'audit log sealed', checkpoint: expect.stringMatching(/^\d+:/) }),
    );
  });
});

describe('latchkey audit verify', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lk-cli-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  function verify(...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
    const env = {
      PATH: process.env['PATH'] ?? '',
      SECRET_KEY: server.secret,
      DATABASE_URL: urlOf(server.database.target),
    };
    return new Promise((done) => {
      execFile(
        process.execPath,
        [CLI, 'audit', 'verify', ...args],
        { cwd: folder, env },
        (error, stdout, stderr) => {
          done({ status: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
        },
      );
    });
  }

  async function sealed(count: number): Promise<void> {
    for (let index = 0; index < count; index++) await record();
    await eventually(10_000, async () => {
      await server.app.get(AuditSealer).seal();
      const [row] = await server.database.query<{ sum: number | null }>(
        'SELECT sum(event_count)::int AS sum FROM audit_seals',
      );
      return row?.sum === count;
    });
  }

  it('reports the end of an intact log, and the first fault of an edited one', async () => {
    await sealed(3);
    const whole = await verify();
    expect(whole).toMatchObject({ status: 0, stdout: expect.stringContaining('Sealed events: 3') });
    const [, checkpoint = ''] = /Checkpoint (\S+)/.exec(whole.stdout) ?? [];
    expect(JSON.parse((await verify(checkpoint, '--json')).stdout)).toMatchObject({
      whole: true,
      checkpoint,
    });

    await server.database.query('DELETE FROM audit_seals');
    // The same events under new seals: only the checkpoint reveals the change.
    expect(await verify()).toMatchObject({ status: 0 });
    expect(await verify(checkpoint)).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('checkpoint'),
    });

    await server.database.query(`UPDATE audit_events SET actor = 'eve'`);
    expect(await verify()).toMatchObject({
      status: 1,
      stdout: expect.stringMatching(/event_(edited|forged)/),
    });
    expect(JSON.parse((await verify('--json')).stdout)).toMatchObject({ whole: false });
    // Each run of the command is a process that loads the service.
  }, 90_000);

  it('refuses a malformed checkpoint and shows the format', async () => {
    expect(await verify('yesterday')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('checkpoint'),
    });
  });
});
