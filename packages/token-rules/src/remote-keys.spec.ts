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
let requests = 0;
let answer: { status: number; keys: unknown; maxAge: string };
let cacheControl: unknown;
/** The next answer waits until {@link sendHeldAnswer} is called. */
let isHeld: boolean;
let sendHeldAnswer: (() => void) | undefined;
let keys: RemoteKeys;
let reported: unknown[];

beforeEach(async () => {
  [time, requests, reported] = [1_000_000, 0, []];
  [isHeld, sendHeldAnswer] = [false, undefined];
  answer = { status: 200, keys: [FIRST], maxAge: 'public, max-age=300' };
  server = createServer((request, response) => {
    requests++;
    cacheControl = request.headers['cache-control'];
    const { status, keys: inside, maxAge } = answer;
    const send = () => {
      response.writeHead(status, { 'cache-control': maxAge });
      response.end(JSON.stringify({ keys: inside }));
    };
    if (isHeld) sendHeldAnswer = send;
    else send();
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

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(5);
}

describe('the keys of a JWKS', () => {
  it('are fetched once in ten seconds, for any number of unknown key ids', async () => {
    for (let round = 1; round <= 3; round++) {
      const looks = Array.from({ length: 500 }, () => keys.refreshIfDue());
      expect(new Set(await Promise.all(looks))).toEqual(new Set([true]));
      for (let late = 0; late < 100; late++) await keys.refreshIfDue();
      expect(requests).toBe(round);
      time += COOL_DOWN_MS;
    }
  });

  it('are fetched anew in the background after half of max-age, so that a new key is known before it signs', async () => {
    await keys.refreshIfDue();
    answer.keys = [FIRST, SECOND];
    time += 149_000;
    expect(keys.get('k1')).toBeDefined();
    expect(requests).toBe(1);
    time += 2000;
    expect(keys.get('k1')).toBeDefined();
    // Using the old key started the fetch; the new key was not requested by name.
    for (let wait = 0; wait < 200 && !keys.get('k2'); wait++) await delay(5);
    expect([requests, keys.get('k2')?.algorithm]).toEqual([2, 'ES256']);
  });

  it('are removed when they are no longer published', async () => {
    await keys.refreshIfDue();
    answer.keys = [SECOND];
    await keys.refresh();
    expect([keys.get('k1'), keys.get('k2')?.kid]).toEqual([undefined, 'k2']);
  });

  it.each([
    ['an error', () => (answer.status = 503)],
    ['no keys', () => (answer.keys = undefined)],
    ['too much', () => (answer.keys = ['x'.repeat(300_000)])],
  ])('stay when the answer is %s, and the key set counts as incomplete', async (_, fail) => {
    await keys.refreshIfDue();
    fail();
    time += COOL_DOWN_MS;
    expect(await keys.refreshIfDue()).toBe(false);
    expect(keys.get('k1')).toBeDefined();
    expect(reported).toHaveLength(1);
  });

  it('are fetched past any cache', async () => {
    await keys.refreshIfDue();
    expect(cacheControl).toBe('no-cache');
  });

  it('are fetched once more when a key is dropped during a fetch', async () => {
    isHeld = true;
    const first = keys.refreshIfDue();
    await until(() => sendHeldAnswer !== undefined);
    [isHeld, answer.keys] = [false, [SECOND]];
    const looks = [keys.drop('k1'), keys.drop('k1'), keys.refresh(), keys.refreshIfDue()];
    sendHeldAnswer?.();
    await Promise.all([first, ...looks]);
    expect([requests, keys.get('k1'), keys.get('k2')?.kid]).toEqual([2, undefined, 'k2']);
    expect(await keys.refreshIfDue()).toBe(true);
  });

  it('are incomplete while the answer holds a dropped key, and are fetched again after a second', async () => {
    await keys.refreshIfDue();
    await keys.drop('k1');
    expect([requests, await keys.refreshIfDue()]).toEqual([2, false]);
    expect(reported.map(String)).toEqual([expect.stringContaining('still holds a dropped key')]);
    answer.keys = [SECOND];
    time += RETRY_MS;
    expect([await keys.refreshIfDue(), requests, keys.get('k2')?.kid]).toEqual([true, 3, 'k2']);
    // The feed may deliver the same row again.
    await keys.drop('k1');
    expect([requests, await keys.refreshIfDue()]).toEqual([3, true]);
  });

  it('are fetched again a second after a failure, when a known key is used', async () => {
    await keys.refreshIfDue();
    answer.status = 503;
    await keys.drop('k9');
    answer = { ...answer, status: 200, keys: [FIRST, SECOND] };
    time += RETRY_MS;
    expect(keys.get('k1')).toBeDefined();
    for (let wait = 0; wait < 400 && !keys.get('k2'); wait++) await delay(5);
    expect([requests, keys.get('k2')?.kid]).toEqual([3, 'k2']);
  });

  it.each<[string, JsonWebKey]>([
    ['that is a secret', { kty: 'oct', k: 'c2VjcmV0', kid: 'x', alg: 'HS256' }],
    ['without a name', { ...FIRST, kid: undefined }],
    ['without an algorithm', { ...FIRST, alg: undefined }],
    ['of another algorithm', { ...FIRST, kid: 'x', alg: 'RS256' }],
    ['of another curve', { ...FIRST, kid: 'x', alg: 'ES384' }],
    ['for encryption', { ...FIRST, kid: 'x', use: 'enc' }],
    ['that is not on its curve', { ...FIRST, kid: 'x', y: FIRST?.x ?? '' }],
    [
      'that is too short',
      {
        ...generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' }),
        kid: 'x',
        alg: 'RS256',
      },
    ],
  ])('do not include one %s', async (_, jwk) => {
    answer.keys = [jwk, FIRST];
    await keys.refreshIfDue();
    expect([keys.get('x'), keys.get('k1')?.kid]).toEqual([undefined, 'k1']);
  });
});
