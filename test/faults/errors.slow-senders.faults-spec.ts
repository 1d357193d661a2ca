import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect } from 'node:net';
import { parsedAnswer } from '../support/http/raw-http.js';
import { eventually } from '../support/service/process.js';
import { startServer, type TestServer } from '../support/service/server.js';

/** The server's 10 and 15 seconds, and the five after which it looks. The senders are all at it at once. */
const CUT_AFTER_MS = 9_000;
const CUT_BEFORE_MS = 21_000;
const EVERY_MS = 500;
const HEAD =
  'POST /auth/refresh HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 60000\r\n';

let server: TestServer;

beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

/** Sends the start at once and then a byte at a time, until the server has had enough. */
async function trickle(start: string, byte: string): Promise<{ answer: string; lastedMs: number }> {
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  let answer = '';
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
  // A byte that comes after the cut is answered by a reset.
  socket.on('error', () => undefined);
  socket.write(start);
  const from = performance.now();
  const timer = setInterval(() => byte && socket.writable && socket.write(byte), EVERY_MS);
  await once(socket, 'close');
  clearInterval(timer);
  return { answer, lastedMs: performance.now() - from };
}

describe('a client that sends so slowly that it holds a connection for nothing', () => {
  it.concurrent.each([
    ['its headers, by the byte', HEAD, 'x'],
    ['nothing more of its headers', HEAD, ''],
    ['its body, by the byte', `${HEAD}\r\n{`, ' '],
    ['nothing more of its body', `${HEAD}\r\n{`, ''],
  ])(
    'gets an error and is disconnected: %s',
    async (_what, start, byte) => {
      const { answer, lastedMs } = await trickle(start, byte);
      const { status, text } = parsedAnswer(answer);
      expect([status, (JSON.parse(text) as Record<string, unknown>)['code']]).toEqual([
        408,
        'request_timeout',
      ]);
      expect(lastedMs).toBeGreaterThan(CUT_AFTER_MS);
      expect(lastedMs).toBeLessThan(CUT_BEFORE_MS);
    },
    30_000,
  );

  it('has a line in the log that says so, once its headers were there', async () => {
    const lines = () => server.log.filter(({ msg }) => msg === 'request');
    await eventually(10_000, async () => lines().length === 2);
    expect(lines().map(({ status, code, aborted }) => [status, code, aborted])).toEqual([
      [408, 'request_timeout', undefined],
      [408, 'request_timeout', undefined],
    ]);
  });
});
