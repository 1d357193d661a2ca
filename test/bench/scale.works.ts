import { AuditSealer, AuditService, Housekeeping, RevocationFeed } from '../support/service/built.js';
import { runInside } from '../support/service/cli.js';
import type { TestServer } from '../support/service/server.js';
import { addExpired } from './fill.js';
import type { Guest } from './stage.js';

const CATCH_UPS = 100;
const LISTS = 20;
const DELETIONS = 20;
const UNSEALED = 10_000;
const EVENTS_A_TRANSACTION = 100;
const EXPIRED = 10_000;

export interface Work {
  readonly name: string;
  /** Preparation, which is not measured. */
  readonly prepare?: () => Promise<unknown>;
  /** Does the work and returns the number of repetitions. */
  readonly run: () => Promise<number>;
}

/** The background work of an instance, then the commands of an operator. The order matters. */
export function works(server: TestServer, people: readonly Guest[]): readonly Work[] {
  const { app, database } = server;
  const command = async (...args: string[]): Promise<number> => {
    const { status, stderr } = await runInside(server, args);
    if (status !== 0) throw new Error(stderr);
    return 1;
  };
  const eventsSince = (minutes: number) =>
    times(LISTS, () => {
      const since = new Date(server.clock.now() - minutes * 60_000);
      return app.get(AuditService).list({ limit: 100, since });
    });
  const sweep = () => times(1, () => app.get(Housekeeping).sweep());
  const others = people.slice(-DELETIONS);
  const address = ['incident', '--ip', '10.1.2.0/24'];
  return [
    {
      name: 'the feed catches up, nothing is new',
      run: () => times(CATCH_UPS, () => app.get(RevocationFeed).catchUp()),
    },
    { name: 'audit events of the last minute', run: () => eventsSince(1) },
    { name: 'audit events of the last day', run: () => eventsSince(1440) },
    {
      name: 'ten thousand audit events are written by a hundred statements, and sealed',
      run: async () => {
        await record(server);
        return times(1, () => app.get(AuditSealer).seal());
      },
    },
    {
      name: 'the clean-up of ten thousand sessions and revocations',
      prepare: () => addExpired((sql, values) => database.query(sql, values), EXPIRED),
      run: sweep,
    },
    { name: 'the clean-up, nothing to do', run: sweep },
    {
      name: 'incident about a user, looking only',
      run: () => command('incident', '--user', people[0]?.id ?? ''),
    },
    { name: 'incident about a range of addresses, looking only', run: () => command(...address) },
    {
      name: 'incident about a range of addresses',
      run: () => command(...address, '--yes', '--reason', 'bench'),
    },
    {
      name: 'a user is deleted',
      run: async () => {
        for (const { id } of others) await command('users', 'delete', id, '--yes');
        return others.length;
      },
    },
  ];
}

async function times(count: number, work: () => Promise<unknown>): Promise<number> {
  for (let n = 0; n < count; n++) await work();
  return count;
}

/** As many events as in a busy minute. */
async function record({ database }: TestServer): Promise<void> {
  for (let n = 0; n < UNSEALED / EVENTS_A_TRANSACTION; n++) {
    await database.query(
      `INSERT INTO audit_events (id, created_at, action, subject_kind, subject, signature, signed_by, era)
       SELECT gen_random_uuid(), now(), 'session.started', 'session', gen_random_uuid()::text, sha256(n::text::bytea),
              'generated', (SELECT era FROM audit_events ORDER BY era DESC LIMIT 1)
         FROM generate_series(1, $1) AS n`,
      [EVENTS_A_TRANSACTION],
    );
  }
  // Sealing waits for transactions that began before.
  await database.settled();
}
