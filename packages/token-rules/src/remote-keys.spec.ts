import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { COOL_DOWN_MS, RemoteKeys, RETRY_MS } from './remote-keys.js';

const [FIRST, SECOND] = ['k1', 'k2'].map((kid) => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { ...publicKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' };
});

let time = 0;
let server: Server;
let asked = 0;
let answer: { status: number; keys: unknown; maxAge: string };
let cacheControl: unknown;
/** The next answer waits until {@link letGo} is called. */
let isHeld: boolean;
let letGo: (() => void) | undefined;
let keys: RemoteKeys;
let reported: unknown[];

beforeEach(async () => {
  [time, asked, reported] = [1_000_000, 0, []];
  [isHeld, letGo] = [false, undefined];
  answer = { status: 200, keys: [FIRST], maxAge: 'public, max-age=300' };
  server = createServer((request, response) => {
    asked++;
    cacheControl = request.headers['cache-control'];
    const { status, keys: inside, maxAge } = answer;
    const give = () => {
      response.writeHead(status, { 'cache-control': maxAge });
      response.end(JSON.stringify({ keys: inside }));
    };
    if (isHeld) letGo = give;
    else give();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
  const clock = { now: () => time, elapsed: () => time };
  keys = new RemoteKeys(url, clock, (error) => reported.push(error));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function until(so: () => boolean): Promise<void> {
  while (!so()) await delay(5);
}

describe('the keys of a JWKS', () => {
  it('are fetched once in ten seconds, however many unknown ones are named', async () => {
    for (let round = 1; round <= 3; round++) {
      const looks = Array.from({ length: 500 }, () => keys.look());
      expect(new Set(await Promise.all(looks))).toEqual(new Set([true]));
      for (let late = 0; late < 100; late++) await keys.look();
      expect(asked).toBe(round);
      time += COOL_DOWN_MS;
    }
  });

  it('are fetched anew in the background before they are old, so that the next key is known before it signs', async () => {
    await keys.look();
    answer.keys = [FIRST, SECOND];
    time += 149_000;
    expect(keys.get('k1')).toBeDefined();
    expect(asked).toBe(1);
    time += 2000;
    expect(keys.get('k1')).toBeDefined();
    // Nobody asks for it: the use of the old one was enough.
    for (let wait = 0; wait < 200 && !keys.get('k2'); wait++) await delay(5);
    expect([asked, keys.get('k2')?.algorithm]).toEqual([2, 'ES256']);
  });

  it('are dropped where they are published no more', async () => {
    await keys.look();
    answer.keys = [SECOND];
    await keys.refresh();
    expect([keys.get('k1'), keys.get('k2')?.kid]).toEqual([undefined, 'k2']);
  });

  it.each([
    ['an error', () => (answer.status = 503)],
    ['no keys', () => (answer.keys = undefined)],
    ['too much', () => (answer.keys = ['x'.repeat(300_000)])],
  ])('stay where the answer is %s, and nobody says that they are all', async (_, fail) => {
    await keys.look();
    fail();
    time += COOL_DOWN_MS;
    expect(await keys.look()).toBe(false);
    expect(keys.get('k1')).toBeDefined();
    expect(reported).toHaveLength(1);
  });

  it('are asked for at their source and not in a cache', async () => {
    await keys.look();
    expect(cacheControl).toBe('no-cache');
  });

  it('are asked for once more where a key was dropped while an answer was under way', async () => {
    isHeld = true;
    const first = keys.look();
    await until(() => letGo !== undefined);
    [isHeld, answer.keys] = [false, [SECOND]];
    const looks = [keys.drop('k1'), keys.drop('k1'), keys.refresh(), keys.look()];
    letGo?.();
    await Promise.all([first, ...looks]);
    expect([asked, keys.get('k1'), keys.get('k2')?.kid]).toEqual([2, undefined, 'k2']);
    expect(await keys.look()).toBe(true);
  });

  it('are not all while the answer holds one that was dropped, and are asked for again in a second', async () => {
    await keys.look();
    await keys.drop('k1');
    expect([asked, await keys.look()]).toEqual([2, false]);
    expect(reported.map(String)).toEqual([expect.stringContaining('was dropped')]);
    answer.keys = [SECOND];
    time += RETRY_MS;
    expect([await keys.look(), asked, keys.get('k2')?.kid]).toEqual([true, 3, 'k2']);
    // The same row may come again.
    await keys.drop('k1');
    expect([asked, await keys.look()]).toEqual([3, true]);
  });

  it('are renewed soon after an answer that failed, by the use of those at hand', async () => {
    await keys.look();
    answer.status = 503;
    await keys.drop('k9');
    answer = { ...answer, status: 200, keys: [FIRST, SECOND] };
    time += RETRY_MS;
    expect(keys.get('k1')).toBeDefined();
    for (let wait = 0; wait < 400 && !keys.get('k2'); wait++) await delay(5);
    expect([asked, keys.get('k2')?.kid]).toEqual([3, 'k2']);
  });

  it.each<[string, JsonWebKey]>([
    ['a secret', { kty: 'oct', k: 'c2VjcmV0', kid: 'x', alg: 'HS256' }],
    ['without a name', { ...FIRST, kid: undefined }],
    ['without an algorithm', { ...FIRST, alg: undefined }],
    ['of another algorithm', { ...FIRST, kid: 'x', alg: 'RS256' }],
    ['of another curve', { ...FIRST, kid: 'x', alg: 'ES384' }],
    ['to encrypt with', { ...FIRST, kid: 'x', use: 'enc' }],
    ['off its curve', { ...FIRST, kid: 'x', y: FIRST?.x ?? '' }],
    [
      'too short',
      {
        ...generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' }),
        kid: 'x',
        alg: 'RS256',
      },
    ],
  ])('are none that is %s', async (_, jwk) => {
    answer.keys = [jwk, FIRST];
    await keys.look();
    expect([keys.get('x'), keys.get('k1')?.kid]).toEqual([undefined, 'k1']);
  });
});
