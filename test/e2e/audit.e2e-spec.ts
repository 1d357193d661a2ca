import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { AuditService, FirstAdministrator, Transactions } from '../support/service/built.js';
import type { NewAuditEvent } from '../../src/audit/audit-event.js';
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
beforeEach(() => server.database.query('TRUNCATE audit_events'));

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
