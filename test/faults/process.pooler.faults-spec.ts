import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client as Postgres } from 'pg';
import type { Client, TokenPair } from '../support/http/client.js';
import { urlOf } from '../support/database/database.js';
import { Deployment, ROOT, WITH_ROOT } from '../support/service/deployment.js';
import { Pooler, poolerIsMissing } from '../support/database/pooler.js';
import { eventually, killProcesses, type ServiceProcess } from '../support/service/process.js';
import { decode, pathOpenTo } from '../support/tokens/tokens.js';

const SESSIONS = 5;
const TURNS = 10;
const LOGOUTS = 15;
const SPREAD_MS = 1000;
const LIMIT_MS = 2000;
/** A key is published for JWKS_MAX_AGE_SECONDS and two seconds before it signs. */
const HANDOVER_MS = 6000;

if (poolerIsMissing) process.stdout.write('skipped: no PgBouncer at /usr/sbin/pgbouncer\n');

(poolerIsMissing ? describe.skip : describe)('two instances behind a transaction pooler', () => {
  let deployment: Deployment;
  let pooler: Pooler;
  let instances: [ServiceProcess, ServiceProcess];
  let clients: [Client, Client];

  beforeAll(async () => {
    deployment = await Deployment.open({
      env: {
        ...WITH_ROOT,
        DATABASE_STATEMENT_TIMEOUT_MS: String(LIMIT_MS),
        JWT_ALGORITHM: 'ES256',
        JWKS_MAX_AGE_SECONDS: '1',
      },
    });
    pooler = await Pooler.before(deployment.target, { sessions: SESSIONS });
    instances = await deployment.startTwo({ env: { DATABASE_URL: urlOf(pooler.target) } });
    clients = [instances[0].client, instances[1].client];
  });
  afterAll(async () => {
    await killProcesses();
    await pooler?.stop();
    await deployment.close();
  });

  function linesOf(pattern: RegExp): unknown[][] {
    return instances.map(({ log }) => log.filter(({ msg }) => pattern.test(String(msg))));
  }

  async function accepted(client: Client, token: string): Promise<boolean> {
    return (await client.get(pathOpenTo(token), { token })).status === 200;
  }

  it('migrate an empty database once and create one administrator when both start at the same time', async () => {
    expect(linesOf(/^migrated the database$/).flat()).toHaveLength(1);
    const { access_token: token } = await clients[0].loginForService(ROOT);
    const { body } = await clients[1].get<unknown[]>('/users', { token });
    expect(body).toEqual([expect.objectContaining({ email: ROOT.username, roles: ['admin', 'user'] })]);
  });

  it('log once that no notifications will arrive', () => {
    expect(linesOf(/pooler/)).toEqual([[expect.anything()], [expect.anything()]]);
  });

  it('register, log in and refresh in turns, without logging the client out', async () => {
    const person = await clients[0].register();
    let pair: TokenPair = await clients[1].login(person);
    for (let turn = 0; turn < TURNS; turn++) {
      const [here, there] = turn % 2 ? clients : clients.toReversed();
      const { status, body } = await (here as Client).refresh(pair.refresh_token);
      expect(status).toBe(200);
      expect((await (there as Client).me(body.access_token)).body['id']).toBe(person.id);
      pair = body;
    }
  });

  it('refuse on one a session ended on the other, each time within a second', async () => {
    const [one, other] = clients;
    const person = await one.register();
    for (let round = 0; round < LOGOUTS; round++) {
      const [here, there] = round % 2 ? [one, other] : [other, one];
      const { access_token: token } = await here.login(person);
      expect(await accepted(there, token)).toBe(true);
      expect((await here.post('/auth/logout', { token })).status).toBe(204);
      const refused = async () => !(await accepted(there, token));
      expect(await eventually(SPREAD_MS, refused)).toBeLessThan(SPREAD_MS);
    }
  });

  it('rotate their key: both sign with the next key and both accept tokens of the last one', async () => {
    const { access_token: token } = await clients[0].loginForService(ROOT);
    const { body: next } = await clients[0].post('/keys/rotate', { token, json: {} });
    expect(next['state']).toBe('next');
    const activeFrom = Date.parse(String(next['active_from']));
    await eventually(HANDOVER_MS, async () => Date.now() > activeFrom);
    for (const client of clients) {
      const fresh = await client.loginForService(ROOT);
      expect(decode(fresh.access_token).header['kid']).toBe(next['kid']);
      for (const other of clients) expect(await accepted(other, fresh.access_token)).toBe(true);
      expect(await accepted(client, token)).toBe(true);
    }
  });

  it('leave no settings or locks in the server sessions that they share with others', async () => {
    const held = Array.from({ length: SESSIONS }, () => new Postgres(pooler.target));
    try {
      const left = [];
      for (const client of held) {
        await client.connect();
        // The transaction stays open, so that the next one gets another session.
        await client.query('BEGIN');
        left.push(...(await client.query(LEFT)).rows);
      }
      expect(new Set(left.map(({ pid }) => pid)).size).toBe(SESSIONS);
      const nothing = { listening: 0, locks: 0, prepared: 0, set: null, pid: expect.any(Number) };
      expect(left).toEqual(Array.from({ length: SESSIONS }, () => nothing));
    } finally {
      for (const client of held) await client.end();
    }
  });

  it('log no error and no warning', () => {
    expect(instances.flatMap(({ log }) => log.filter(({ level }) => level !== 'info'))).toEqual([]);
  });

  // Last, because the answer is logged as an error.
  it('let the server end a transaction that waits too long', async () => {
    const person = await clients[0].newcomer();
    const holder = new Postgres(deployment.target);
    await holder.connect();
    try {
      await holder.query('BEGIN');
      await holder.query('SELECT FROM users WHERE id = $1 FOR UPDATE', [person.id]);
      const json = { full_name: 'Too Late' };
      const { status } = await clients[0].request('PATCH', '/users/me', { token: person.access_token, json });
      expect(status).toBe(503);
      const { rows } = await holder.query(`SELECT FROM pg_locks WHERE NOT granted`);
      expect(rows).toEqual([]);
    } finally {
      await holder.end();
    }
  });
});

/** Traces that a transaction may leave in its session. The pooler itself passes on `application_name`. */
const LEFT = `
  SELECT pg_backend_pid() AS pid,
         (SELECT count(*)::int FROM pg_listening_channels()) AS listening,
         (SELECT count(*)::int FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory') AS locks,
         (SELECT count(*)::int FROM pg_prepared_statements) AS prepared,
         (SELECT string_agg(name, ' ') FROM pg_settings
           WHERE source = 'session' AND name NOT IN ('application_name', 'client_encoding')) AS set`;
