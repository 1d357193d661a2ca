import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { basic, newClient } from '../support/actors/clients.js';
import type { TokenPair } from '../support/http/client.js';
import { killProcesses, newFolder, type Folder } from '../support/service/process.js';
import { newSecret, startServer } from '../support/service/server.js';
import { type Chain, getRequest, load, postRequest, request } from './load.js';
import { median, report } from './report.js';
import { backends, openStage, PASSWORD, settings, usedSince, type Guest, type Stage } from './stage.js';
import { works, type Work } from './scale.works.js';

/**
 * `SCALE_ROWS=10000,10000000` is the full run: these numbers of users, sessions and audit events, and a tenth as many
 * live revocations. It takes 15 GB of disk and a quarter of an hour to fill. The other sizes are compared with the
 * first one. With `SCALE_ROWS=10000,10000:1000000` only the number of live revocations differs.
 */
const SIZES = (process.env['SCALE_ROWS'] ?? '10000,1000000').split(',');
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5);
const ROUND_MS = 1500;
const CONNECTIONS = 8;

jest.setTimeout(7_200_000);

const secret = newSecret();
const stages: Stage[] = [];
let folder: Folder;

beforeAll(async () => {
  folder = await newFolder();
  for (const size of SIZES) stages.push(await openStage(size, folder.path, secret));
});
afterAll(async () => {
  await killProcesses();
  for (const { database } of stages) await database.drop();
  await folder.remove();
});

type Ask = (guest: Guest, stage: Stage) => Buffer;
const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });
const asRoot = ({ root }: Stage) => bearer(root.access_token);

/** Each connection uses its own users, so that no user has two concurrent requests. */
function inTurn(ask: Ask): (stage: Stage, seat: number) => Chain {
  const turns = new Map<string, number>();
  return (stage, seat) => {
    const key = `${stage.size} ${seat}`;
    const own = stage.people.filter((_, index) => index % CONNECTIONS === seat);
    let last: Guest | undefined;
    return (answer) => {
      const pair = answer === undefined ? undefined : tokensOf(answer);
      if (last && pair) last.refresh = pair.refresh_token;
      const turn = turns.get(key) ?? 0;
      turns.set(key, turn + 1);
      last = own[turn % own.length] as Guest;
      return ask(last, stage);
    };
  };
}

function tokensOf(answer: string): TokenPair | undefined {
  return answer.startsWith('{"access_token"') ? (JSON.parse(answer) as TokenPair) : undefined;
}

/** Measures the sizes in turn, so that other work affects all; medians of the rounds, and ratios within each round. */
async function compare(title: string, ask: Ask, status = 200): Promise<void> {
  const chains = inTurn(ask);
  const round = async (stage: Stage, milliseconds: number) => {
    const seats = Array.from({ length: CONNECTIONS }, (_, seat) => chains(stage, seat));
    const before = await backends(stage.database);
    const {
      cpuPerRequest: service,
      answered,
      perSecond,
    } = await load(stage.service, seats, {
      milliseconds,
      status,
    });
    return { service, database: (await usedSince(stage.database, before)) / answered, perSecond };
  };
  for (const stage of stages) await round(stage, ROUND_MS);
  const rounds: Array<Array<Awaited<ReturnType<typeof round>>>> = [];
  for (let n = 0; n < ROUNDS; n++) {
    const figures = [];
    for (const stage of stages) figures.push(await round(stage, ROUND_MS));
    rounds.push(figures);
  }
  const figures: Record<string, number> = {};
  for (const [index, { size }] of stages.entries()) {
    for (const part of ['service', 'database'] as const) {
      figures[`${part}_us_${size}`] = median(rounds.map((all) => all[index]?.[part] ?? 0));
      if (index === 0) continue;
      figures[`${part}_ratio_${size}`] = median(
        rounds.map((all) => (all[index]?.[part] ?? 0) / (all[0]?.[part] ?? 0)),
      );
    }
    figures[`per_second_${size}`] = Math.round(median(rounds.map((all) => all[index]?.perSecond ?? 0)));
  }
  report(title, figures);
}

it('an instance starts', () => {
  for (const { size, fillSeconds, startMs, memoryMib } of stages) {
    report(`start of an instance, ${size}`, {
      fill_seconds: fillSeconds,
      start_ms: Math.round(startMs),
      memory_mib: Math.round(memoryMib),
    });
  }
});

it('requests that read', async () => {
  await compare('GET /auth/verify', ({ access }) => getRequest('/auth/verify', bearer(access)));
  await compare('GET /users/me', ({ access }) => getRequest('/users/me', bearer(access)));
  await compare('GET /auth/sessions', ({ access }) => getRequest('/auth/sessions', bearer(access)));
  await compare('GET /users, a page', ({ id }, stage) => getRequest(`/users?after=${id}`, asRoot(stage)));
  const clients = new Map<Stage, Record<string, string>>();
  for (const stage of stages) {
    const { authorization } = basic(await newClient(stage.service, stage.root, { grants: [] }));
    clients.set(stage, {
      authorization: authorization ?? '',
      'Content-Type': 'application/x-www-form-urlencoded',
    });
  }
  await compare('POST /oauth/introspect, a refresh token', ({ refresh }, stage) =>
    postRequest('/oauth/introspect', `token=${refresh}`, clients.get(stage)),
  );
  const filters: Readonly<Record<string, (guest: Guest) => string>> = {
    'no filter': () => '',
    'an actor': ({ id }) => `?actor=${id}`,
    'a subject': ({ sid }) => `?subject=${sid}`,
    'a frequent action': () => '?action=session.ended',
    'a rare action': () => '?action=user.disabled',
    'an action that never was': () => '?action=key.compromised',
    'an actor and an action': ({ id }) => `?actor=${id}&action=session.started`,
  };
  for (const [name, query] of Object.entries(filters)) {
    await compare(`GET /audit-events, ${name}`, (guest, stage) =>
      getRequest(`/audit-events${query(guest)}`, asRoot(stage)),
    );
  }
  await compare('GET /revocations, a page', (_, stage) =>
    getRequest('/revocations?after=5000&limit=100', asRoot(stage)),
  );
});

it('requests that write', async () => {
  await compare('POST /auth/refresh', ({ refresh }) =>
    postRequest('/auth/refresh', { refresh_token: refresh }),
  );
  await compare('POST /auth/login, with the cheapest hash', ({ email }) =>
    postRequest('/auth/login', { username: email, password: PASSWORD }),
  );
  await compare(
    'DELETE /users/{id}/sessions, as logout-all',
    ({ id }, stage) => request('DELETE', `/users/${id}/sessions`, asRoot(stage)),
    204,
  );
});

it('background work and commands', async () => {
  const figures = new Map<string, Record<string, number>>();
  for (const stage of stages) {
    const { service, database, people } = stage;
    await service.stop();
    const env = { ...settings(database, secret), LOG_FORMAT: 'json' };
    // The timeout of commands.
    const server = await startServer({ database, env: { ...env, DATABASE_STATEMENT_TIMEOUT_MS: '600000' } });
    try {
      for (const work of works(server, people)) {
        figures.set(work.name, { ...figures.get(work.name), ...(await measured(work, stage)) });
      }
    } finally {
      await server.close();
    }
  }
  for (const [name, all] of figures) report(name, all);
  expect(figures.size).toBeGreaterThan(0);
});

async function measured({ prepare, run }: Work, { size, database }: Stage): Promise<Record<string, number>> {
  await prepare?.();
  const before = await backends(database);
  const start = performance.now();
  const times = await run();
  const ms = (performance.now() - start) / times;
  return { [`ms_${size}`]: ms, [`database_ms_${size}`]: (await usedSince(database, before)) / times / 1000 };
}
