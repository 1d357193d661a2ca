import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TokenPair } from '../support/http/client.js';
import { Deployment } from '../support/service/deployment.js';
import { KeepAliveClient } from '../support/http/keep-alive-client.js';
import { eventually, type ServiceProcess } from '../support/service/process.js';
import { raceRefreshes } from '../support/actors/refresh-race.js';
import { decode } from '../support/tokens/tokens.js';

const PARALLEL = 50;
const LOGOUTS = 25;
const SPREAD_MS = 1000;

let deployment: Deployment;
let instances: [ServiceProcess, ServiceProcess];

beforeAll(async () => {
  deployment = await Deployment.open();
  instances = await deployment.startTwo();
});
afterAll(() => deployment.close());

describe('instances over one database', () => {
  it.each([
    ['one instance', 1, 200],
    ['two instances', 2, 100],
  ])(
    'answer fifty parallel refreshes of a token with one successor in every round: %s',
    async (_, count, rounds) => {
      const { refresh_token: first } = await instances[0].client.newcomer();
      const clients = instances.slice(0, count).map(({ url }) => new KeepAliveClient(url, PARALLEL / count));
      const { token, ...race } = await raceRefreshes(clients, first, { rounds, parallel: PARALLEL });
      for (const client of clients) client.close();
      expect(race).toEqual({ statuses: { 200: rounds * PARALLEL }, mostSuccessors: 1 });
      expect(decode(token).claims['gen']).toBe(rounds + 1);
    },
    120_000,
  );

  it('refuse a token within a second after its session ended on the other instance', async () => {
    const [one, other] = instances;
    const person = await one.client.register();
    for (let round = 0; round < LOGOUTS; round++) {
      const { access_token: token }: TokenPair = await one.client.login(person);
      expect((await other.client.get('/auth/verify', { token })).status).toBe(200);
      await one.client.post(round % 2 ? '/auth/logout' : '/auth/logout-all', { token });
      const refused = async () => (await other.client.get('/auth/verify', { token })).status === 401;
      expect(await eventually(SPREAD_MS, refused)).toBeLessThan(SPREAD_MS);
    }
  });
});
