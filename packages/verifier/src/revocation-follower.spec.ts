import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { FeedToken } from './feed-access.js';
import { RevocationFollower } from './revocation-follower.js';

const START = 1_700_000_000_000;

let clocks: { now: number; elapsed: number };
let server: Server;
let follower: RevocationFollower;
let stream: ServerResponse;
let requests: Array<{ path: string; lastEventId: unknown; authorization: unknown }>;
let reported: unknown[];
let streams: { begun: number; open: number };

beforeEach(async () => {
  clocks = { now: START, elapsed: 5000 };
  [requests, reported] = [[], []];
  streams = { begun: 0, open: 0 };
  server = createServer((request, response) => {
    const { 'last-event-id': lastEventId, authorization } = request.headers;
    requests.push({ path: request.url ?? '', lastEventId, authorization });
    if (request.url !== '/revocations/stream') return void response.writeHead(503).end();
    const ours = streams;
    ours.begun++;
    ours.open++;
    response.on('close', () => ours.open--);
    stream = response.writeHead(200, { 'content-type': 'text/event-stream' });
    stream.write('retry: 1000\n\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const clock = { now: () => clocks.now, elapsed: () => clocks.elapsed };
  follower = new RevocationFollower({
    url,
    token: new FeedToken({ token: () => 'a-token' }, `${url}/oauth/token`, clock),
    clock,
    onRow: () => undefined,
    report: (error) => reported.push(error),
    pauseMs: (milliseconds) => milliseconds / 50,
  });
  follower.start();
  await until(() => streams.begun > 0);
});
afterEach(async () => {
  await follower.close();
  // The follower must close its own streams. Connections that fetch opened and never used are closed here.
  await until(() => streams.open === 0);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(5);
}

/** The service reports that the stream is complete up to a moment of its own clock, in milliseconds. */
function current(at: number, id = '7'): void {
  stream.write(`id: ${id}\nevent: current\ndata: {"at":"${new Date(at).toISOString()}"}\n\n`);
}

function row(change: object = {}): string {
  const times = {
    cutoff: new Date(START),
    created_at: new Date(START),
    expires_at: new Date(START + 60_000),
  };
  const columns = {
    seq: 8,
    id: 'r',
    kind: 'session',
    subject: 's1',
    min_version: null,
    soft: false,
    reason: 'x',
  };
  return `id: 8\nevent: revocation\ndata: ${JSON.stringify({ ...columns, ...times, ...change })}\n\n`;
}

describe('a follower of revocations', () => {
  it('is infinitely stale before the first `current` event, and not stale at that event', async () => {
    expect(follower.stalenessMs()).toBe(Infinity);
    current(0);
    expect(await follower.ready()).toBe(true);
    expect(follower.stalenessMs()).toBe(0);
    clocks.elapsed += 3000;
    clocks.now += 3000;
    expect(follower.stalenessMs()).toBe(3000);
  });

  it('is as stale as the faster of its two clocks says, so that setting one back does not help', async () => {
    current(0);
    await follower.ready();
    [clocks.now, clocks.elapsed] = [START - 3_600_000, 65_000];
    expect(follower.stalenessMs()).toBe(60_000);
    [clocks.now, clocks.elapsed] = [START + 3_600_000, 65_000];
    expect(follower.stalenessMs()).toBe(3_600_000);
  });

  it('counts the delay of an event that was buffered on the way', async () => {
    current(100_000);
    await follower.ready();
    // The event that was sent after two seconds arrives after five.
    [clocks.now, clocks.elapsed] = [START + 5000, 10_000];
    stream.write(row());
    current(102_000);
    await until(() => follower.set.size === 1);
    expect(follower.stalenessMs()).toBe(3000);
    current(105_000);
    await until(() => follower.stalenessMs() === 0);
  });

  it('closes a stream that is late, and resumes from its cursor', async () => {
    current(100_000);
    await follower.ready();
    [clocks.now, clocks.elapsed] = [START + 60_000, 65_000];
    current(101_000);
    // Polling goes on meanwhile, without a Last-Event-ID.
    const resumed = () => requests.filter(({ lastEventId }) => lastEventId !== undefined);
    await until(() => resumed().length === 1);
    expect(resumed()[0]).toEqual({
      path: '/revocations/stream',
      lastEventId: '7',
      authorization: 'Bearer a-token',
    });
    expect(reported.map(String)).toContain('Error: the stream of revocations is late');
    current(160_000);
    await until(() => follower.stalenessMs() === 0);
  });

  it('removes rows that have expired', async () => {
    stream.write(row());
    current(START);
    await follower.ready();
    expect(follower.set.size).toBe(1);
    [clocks.now, clocks.elapsed] = [START + 61_000, 66_000];
    current(START + 61_000);
    await until(() => follower.set.size === 0);
  });

  it.each([
    ['was set ahead for a moment', START + 3_600_000, 5000],
    ['is behind', START + 59_000, 105_000],
  ])('keeps rows whose tokens may still be valid when the local clock %s', async (_, now, elapsed) => {
    stream.write(row());
    current(START);
    await follower.ready();
    [clocks.now, clocks.elapsed] = [now, elapsed];
    current(START + elapsed - 5000);
    await until(() => follower.stalenessMs() === 0);
    expect(follower.set.size).toBe(1);
  });

  it.each([
    ['a row of an unknown kind', () => void stream.write(row({ kind: 'device' }))],
    ['an endless event', () => void stream.write('x'.repeat(70_000))],
    [
      'a late event',
      () => {
        current(100_000);
        current(90_000);
      },
    ],
  ])('closes the stream that it abandons because of %s', async (_, spoil) => {
    spoil();
    await until(() => streams.begun === 2);
    await until(() => streams.open === 1);
    await follower.close();
    await until(() => streams.open === 0);
  });

  it.each([
    ['a kind of a later version', { kind: 'device' }],
    ['no time', { expires_at: 'soon' }],
    ['no subject', { subject: 5 }],
  ])('is not up to date after a row with %s', async (_, change) => {
    stream.write(row(change));
    current(0);
    // On a busy machine a page, which this server refuses, may have been asked for before.
    await until(() => reported.some((error) => String(error).includes('not understood')));
    expect(follower.stalenessMs()).toBe(Infinity);
  });
});
