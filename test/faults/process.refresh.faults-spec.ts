import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TokenPair } from '../support/client.js';
import { Deployment } from '../support/deployment.js';
import { eventually, type ServiceProcess } from '../support/process.js';

const ROUNDS = 10;
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

describe('two instances over one database', () => {
  it('answer fifty parallel refreshes of one token with one successor, and log nobody out', async () => {
    let { refresh_token: token } = await instances[0].client.newcomer();
    const refresh = (index: number) => (instances[index % 2] ?? instances[0]).client.refresh(token);
    await Promise.all(
      Array.from({ length: PARALLEL }, (_, index) =>
        (instances[index % 2] ?? instances[0]).client.get('/health/ready'),
      ),
    );
    for (let round = 0; round < ROUNDS; round++) {
      const answers = await Promise.all(Array.from({ length: PARALLEL }, (_, index) => refresh(index)));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
      const successors = new Set(answers.map(({ body }) => body.refresh_token));
      expect(successors.size).toBe(1);
      token = [...successors][0] ?? '';
    }
  });

  it('refuse on one what was ended on the other, every time within a second', async () => {
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
