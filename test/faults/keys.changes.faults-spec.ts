import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Traffic } from '../support/actors/traffic.js';
import { KeepAliveClient } from '../support/http/keep-alive-client.js';
import { Deployment } from '../support/service/deployment.js';
import { eventually, type ServiceProcess } from '../support/service/process.js';
import { newSecret } from '../support/service/server.js';
import { decode } from '../support/tokens/tokens.js';

const REQUESTS_A_SECOND = 100;
const CONNECTIONS = 8;
const SESSIONS = 9;
const NEW_KEY_WITHIN_MS = 15_000;

const [SECRET, NEXT_SECRET, ROOT, NEXT_ROOT] = [newSecret(), newSecret(), newSecret(), newSecret()];

/** Changes of the settings in their order, each rolled out over both instances, with the algorithm that signs after it. */
const CHANGES: ReadonlyArray<readonly [name: string, env: Record<string, string>, algorithm: string]> = [
  ['ROOT_SECRET is announced', { ROOT_SECRET_PREVIOUS: ROOT }, 'HS256'],
  ['ROOT_SECRET replaces SECRET_KEY', { ROOT_SECRET: ROOT, ROOT_SECRET_PREVIOUS: SECRET }, 'HS256'],
  ['a new SECRET_KEY is announced', { SECRET_KEY_PREVIOUS: NEXT_SECRET }, 'HS256'],
  ['SECRET_KEY changes', { SECRET_KEY: NEXT_SECRET, SECRET_KEY_PREVIOUS: SECRET }, 'HS256'],
  ['HS256 becomes ES256', { JWT_ALGORITHM: 'ES256' }, 'ES256'],
  ['a new ROOT_SECRET is announced', { ROOT_SECRET_PREVIOUS: NEXT_ROOT }, 'ES256'],
  ['ROOT_SECRET changes', { ROOT_SECRET: NEXT_ROOT, ROOT_SECRET_PREVIOUS: ROOT }, 'ES256'],
  ['ES256 becomes RS256', { JWT_ALGORITHM: 'RS256' }, 'RS256'],
];

let deployment: Deployment;
const services: ServiceProcess[] = [];
const clients: KeepAliveClient[] = [];

beforeAll(async () => {
  deployment = await Deployment.open({
    env: {
      SECRET_KEY: SECRET,
      JWT_ALGORITHM: 'HS256',
      JWKS_MAX_AGE_SECONDS: '1',
      SHUTDOWN_DELAY_SECONDS: '1',
      // The test logs in until the next key signs.
      SESSIONS_PER_USER: '10000',
    },
  });
  for (const seat of [0, 1]) await start(seat, {});
});
afterAll(async () => {
  for (const client of clients) client.close();
  await deployment.close();
});

async function start(seat: number, env: Record<string, string>): Promise<void> {
  const service = await deployment.start({ env });
  services[seat] = service;
  clients[seat]?.close();
  clients[seat] = new KeepAliveClient(service.url, CONNECTIONS);
}

it('a change of SECRET_KEY, of ROOT_SECRET and of the algorithm refuses no honest client', async () => {
  const person = await (services[0] as ServiceProcess).client.register();
  const pairs = await Promise.all(
    Array.from({ length: SESSIONS }, () => (services[0] as ServiceProcess).client.login(person)),
  );
  let resting: number | undefined;
  const way = (turn: number): KeepAliveClient =>
    clients[resting === undefined ? turn % 2 : 1 - resting] as never;
  const traffic = new Traffic({ perSecond: REQUESTS_A_SECOND, way, pairs });
  const signing: string[] = [];
  let settings: Record<string, string> = {};
  for (const [, change] of CHANGES) {
    settings = { ...settings, ...change };
    for (const seat of [0, 1]) {
      resting = seat;
      await services[seat]?.stop();
      await start(seat, settings);
      resting = undefined;
    }
    const algorithm = settings['JWT_ALGORITHM'] ?? 'HS256';
    const signs = async (): Promise<boolean> => {
      const { access_token: token } = await (services[0] as ServiceProcess).client.login(person);
      return decode(token).header['alg'] === algorithm;
    };
    await eventually(NEW_KEY_WITHIN_MS, signs);
    signing.push(algorithm);
  }
  const { answers } = await traffic.stop();
  expect(signing).toEqual(CHANGES.map(([, , algorithm]) => algorithm));
  expect(Object.keys(answers)).toEqual(['answers_200']);
  expect(answers['answers_200']).toBeGreaterThan(1000);
}, 240_000);
