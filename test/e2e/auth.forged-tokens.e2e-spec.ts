import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { leakOf, refusal, refusalIn } from '../support/http/bearer.js';
import { changedAnywhere, CHANGES, expectedRefusal, FORGERIES } from '../support/tokens/forgeries/all.js';
import { VALID_TOKENS } from '../support/tokens/forgeries/good.js';
import { HEADER_FORGERIES } from '../support/tokens/forgeries/headers.js';
import { kitOf, type Forgery, type Kit } from '../support/tokens/forgeries/kit.js';
import { RawClient, type RawAnswer } from '../support/http/raw-client.js';
import { startServer, type TestServer } from '../support/service/server.js';
import { decode } from '../support/tokens/tokens.js';

const NAMED = FORGERIES.flatMap(([, forgeries]) => forgeries);

const NOT_SENT = { token: '', answer: { status: 0, headers: {}, text: '' } };

let server: TestServer;
let client: RawClient;
let kit: Kit;
let attacker: Server;
let requestsToAttacker = 0;

beforeAll(async () => {
  attacker = createServer((_, response) => {
    requestsToAttacker++;
    response.end('{"keys":[]}');
  });
  await new Promise<void>((resolve) => attacker.listen(0, '127.0.0.1', resolve));
  server = await startServer({ env: { JWT_ALGORITHM: 'HS256' } });
  client = new RawClient(server.url);
  const { access_token: access, refresh_token: refresh } = await server.client.newcomer();
  kit = kitOf({
    secret: server.secret,
    access,
    refresh,
    now: Math.floor(server.clock.now() / 1000),
    attackerUrl: `http://127.0.0.1:${(attacker.address() as AddressInfo).port}`,
  });
});
afterAll(async () => {
  client.close();
  await server.close();
  await new Promise((resolve) => attacker.close(resolve));
});

/** Presents a token to the one route that needs no database and no scope. */
function present(token: string): Promise<RawAnswer> {
  return client.get('/auth/verify', ['authorization', `Bearer ${token}`]);
}

/** The kit with the present time, because the leeway is only some seconds. */
function kitOfNow(): Kit {
  return { ...kit, now: Math.floor(server.clock.now() / 1000) };
}

describe.each(FORGERIES)('a token with a fault %s is refused:', (_group, forgeries) => {
  const answers = new Map<Forgery, { token: string; answer: RawAnswer }>();

  beforeAll(async () => {
    const send = async (forgery: Forgery) => {
      const token = forgery.token(kitOfNow());
      answers.set(forgery, { token, answer: await present(token) });
    };
    await Promise.all(forgeries.map(send));
  });

  it.each(forgeries.map((forgery) => [forgery.name, forgery] as const))('%s', (_name, forgery) => {
    const { token, answer } = answers.get(forgery) ?? NOT_SENT;
    const found = refusalIn(answer);
    expect(token).not.toBe(kit.access);
    expect(found).toEqual(expectedRefusal(forgery.code, found));
    expect(leakOf(token, answer)).toBeUndefined();
    expect(answer.text).not.toContain(kit.kid);
  });
});

describe('the forgeries', () => {
  it('are at least three hundred, each with its own name and text', () => {
    expect(NAMED.length).toBeGreaterThanOrEqual(300);
    expect(new Set(NAMED.map(({ name }) => name)).size).toBe(NAMED.length);
    const tokens = NAMED.map(({ name, token }) => [token(kit), name] as const);
    const names = new Map(tokens);
    expect(tokens.filter(([token, name]) => names.get(token) !== name)).toEqual([]);
  });

  it('never make the service fetch a key from a URL in a token', async () => {
    const linked = HEADER_FORGERIES.map(({ token }) => token(kit)).filter((token) =>
      JSON.stringify(decode(token).header).includes(kit.attacker.url),
    );
    expect(linked.length).toBeGreaterThanOrEqual(9);
    await Promise.all(linked.map((token) => present(token)));
    expect(requestsToAttacker).toBe(0);
  });

  it.each([
    ['its signature', 'token_invalid', 'signature does not verify', 'bit 0 of the signature flipped'],
    ['a claim', 'token_invalid', 'claim exp missing or of a wrong type', 'without exp'],
    ['its age', 'token_expired', 'expired', 'that expired an hour ago'],
    ['its audience', 'token_wrong_audience', 'wrong audience', 'the audience "other"'],
  ])('write one log line that says JWT and names %s as the cause', async (_what, code, cause, name) => {
    const before = server.log.length;
    const token = NAMED.find((forgery) => forgery.name === name)?.token(kit) ?? '';
    await present(token);
    const lines = server.log.slice(before).filter(({ msg }) => String(msg).includes('JWT'));
    expect(lines).toMatchObject([{ code, cause, msg: `JWT refused: ${code}` }]);
  });

  it('write no part of a token into the log', async () => {
    const tokens = NAMED.map(({ token }) => token(kit));
    await Promise.all(tokens.slice(-50).map((token) => present(token)));
    const log = JSON.stringify(server.log);
    const parts = tokens.flatMap((token) => token.split('.')).filter((part) => part.length >= 20);
    expect(parts.filter((part) => log.includes(part))).toEqual([]);
  });
});

describe('a token with one character changed is refused', () => {
  it.each(Object.entries(CHANGES))('%s, at every position', async (_name, change) => {
    const tokens = changedAnywhere(kit.access, change);
    const answers = await Promise.all(tokens.map(async (token) => [token, await present(token)] as const));
    const wrong = answers.filter(([token, answer]) => {
      const [found, right] = [refusalIn(answer), refusal('token_invalid')].map((value) =>
        JSON.stringify(value),
      );
      return found !== right || leakOf(token, answer) !== undefined;
    });
    expect(answers.length).toBe(kit.access.length);
    expect(wrong.map(([token, { status, text }]) => ({ token, status, text }))).toEqual([]);
  });
});

describe('a good token is accepted:', () => {
  it.each(Object.entries(VALID_TOKENS))('%s', async (_name, token) => {
    const { status, text, headers } = await present(token(kitOfNow()));
    expect([status, text, headers['x-auth-user']]).toEqual([200, '', kit.claims['sub']]);
  });

  it('also after every forgery', async () => {
    expect((await present(kit.access)).status).toBe(200);
    expect((await server.client.me(kit.access)).status).toBe(200);
  });
});
