import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Deployment } from '../support/deployment.js';
import { KeepAliveClient } from '../support/keep-alive-client.js';
import type { ServiceProcess } from '../support/process.js';
import { rounds } from '../support/rounds.js';
import { decode } from '../support/tokens.js';
import { report } from './report.js';

const ROUNDS = rounds({ usual: 1000, full: 1000 });
const PARALLEL = 50;

let deployment: Deployment;
let one: ServiceProcess;
let other: ServiceProcess;

beforeAll(async () => {
  deployment = await Deployment.open();
  [one, other] = await deployment.startTwo();
});
afterAll(() => deployment.close());

/** The row of a session, as far as rotation is concerned. */
async function sessionOf(refreshToken: string): Promise<unknown> {
  const [row] = await deployment.query(
    'SELECT generation, parent_generation, revoked_at FROM sessions WHERE id = $1',
    [decode(refreshToken).claims['sid']],
  );
  return row;
}

it.each([1, 2])('refreshes that race for one token, on instances: %d', async (count) => {
  const racing = [one, other].slice(0, count);
  const clients = racing.map(({ url }) => new KeepAliveClient(url, PARALLEL / count));
  await Promise.all(clients.map((client) => client.warmUp()));
  const seats = Array.from({ length: PARALLEL }, (_, seat) => clients[seat % count] as KeepAliveClient);
  let { refresh_token: token } = await one.client.newcomer();
  const statuses = new Map<number, number>();
  let mostSuccessors = 0;
  let logouts = 0;
  const start = performance.now();
  for (let round = 0; round < ROUNDS; round++) {
    const answers = await Promise.all(seats.map((client) => client.refresh(token)));
    for (const { status } of answers) statuses.set(status, (statuses.get(status) ?? 0) + 1);
    const successors = new Set(answers.flatMap(({ body }) => body.refresh_token ?? []));
    mostSuccessors = Math.max(mostSuccessors, successors.size);
    token = [...successors].at(-1) ?? token;
    if (answers.every(({ status }) => status !== 401)) continue;
    logouts++;
    ({ refresh_token: token } = await one.client.newcomer());
  }
  const seconds = (performance.now() - start) / 1000;
  for (const client of clients) client.close();
  report(`refreshes that race, instances: ${count}`, {
    rounds: ROUNDS,
    parallel: PARALLEL,
    ...Object.fromEntries([...statuses].map(([status, times]) => [`answers_${status}`, times])),
    most_successors_in_a_round: mostSuccessors,
    logouts,
    seconds,
  });
  expect([...statuses]).toEqual([[200, ROUNDS * PARALLEL]]);
  expect([mostSuccessors, logouts]).toEqual([1, 0]);
  expect(await sessionOf(token)).toEqual({
    generation: ROUNDS + 1,
    parent_generation: ROUNDS,
    revoked_at: null,
  });
});
