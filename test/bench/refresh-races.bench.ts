import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Deployment } from '../support/service/deployment.js';
import { KeepAliveClient } from '../support/http/keep-alive-client.js';
import type { ServiceProcess } from '../support/service/process.js';
import { raceRefreshes } from '../support/actors/refresh-race.js';
import { rounds } from '../support/actors/rounds.js';
import { decode } from '../support/tokens/tokens.js';
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

/** The columns of a session that rotation changes. */
async function sessionOf(refreshToken: string): Promise<unknown> {
  const [row] = await deployment.query(
    'SELECT generation, parent_generation, revoked_at FROM sessions WHERE id = $1',
    [decode(refreshToken).claims['sid']],
  );
  return row;
}

it.each([1, 2])('refreshes that race for one token, on instances: %d', async (count) => {
  const clients = [one, other].slice(0, count).map(({ url }) => new KeepAliveClient(url, PARALLEL / count));
  const { refresh_token: first } = await one.client.newcomer();
  const start = performance.now();
  const { token, ...race } = await raceRefreshes(clients, first, { rounds: ROUNDS, parallel: PARALLEL });
  const seconds = (performance.now() - start) / 1000;
  for (const client of clients) client.close();
  const answers = Object.entries(race.statuses).map(([status, times]) => [`answers_${status}`, times]);
  report(`refreshes that race, instances: ${count}`, {
    rounds: ROUNDS,
    parallel: PARALLEL,
    ...Object.fromEntries(answers),
    most_successors_in_a_round: race.mostSuccessors,
    seconds,
  });
  expect(race).toEqual({ statuses: { 200: ROUNDS * PARALLEL }, mostSuccessors: 1 });
  expect(await sessionOf(token)).toEqual({
    generation: ROUNDS + 1,
    parent_generation: ROUNDS,
    revoked_at: null,
  });
});
