import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import type { TokenPair } from '../support/http/client.js';

/** The requests of one connection: returns the first one, and the next one for each answer. */
export type Chain = (answer: string | undefined) => Buffer;

export interface Load {
  /** Number of requests with the expected status. */
  readonly answered: number;
  readonly perSecond: number;
  /** Processor time of the server's process, all threads, in microseconds. */
  readonly cpuPerRequest: number;
  /** Latency of the answers in milliseconds. */
  readonly p99: number;
}

const NANOSECONDS_A_MICROSECOND = 1000;
const HEAD_END = Buffer.from('\r\n\r\n');

/** Pins every thread of a process to one core; false if the machine does not support this. */
export function pin(pid: number, core: number): boolean {
  try {
    execFileSync('taskset', ['-acp', String(core), String(pid)], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Processor time of all threads of a process in microseconds; Linux counts in nanoseconds. */
export function cpuOf(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const used = threads.map((thread) => readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8'));
  return used.reduce((sum, line) => sum + Number(line.split(' ')[0]), 0) / NANOSECONDS_A_MICROSECOND;
}

/**
 * Opens one connection per chain, sends the next request of a chain after each answer, and measures the processor time
 * of the server's process. The load itself costs little: requests are prepared bytes, and of an answer it reads only
 * the status and the length.
 * @throws an error with the answer if its status is not the expected one
 */
export async function load(
  { url, pid }: { readonly url: string; readonly pid: number },
  chains: readonly Chain[],
  { milliseconds, status }: { readonly milliseconds: number; readonly status: number },
): Promise<Load> {
  const { hostname, port } = new URL(url);
  const sockets = chains.map(() => connect({ host: hostname, port: Number(port), noDelay: true }));
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  const times: number[] = [];
  const cpu = cpuOf(pid);
  const start = performance.now();
  const end = start + milliseconds;
  await Promise.all(
    sockets.map((socket, index) => drive(socket, chains[index] as Chain, { end, status, times })),
  );
  const seconds = (performance.now() - start) / 1000;
  const used = cpuOf(pid) - cpu;
  times.sort((a, b) => a - b);
  return {
    answered: times.length,
    perSecond: times.length / seconds,
    cpuPerRequest: used / times.length,
    p99: times[Math.floor(times.length * 0.99)] ?? 0,
  };
}

function drive(
  socket: Socket,
  chain: Chain,
  { end, status, times }: { end: number; status: number; times: number[] },
): Promise<void> {
  const expected = `HTTP/1.1 ${status} `;
  return new Promise((resolve, reject) => {
    let received: Buffer | undefined;
    let sentAt = performance.now();
    const send = (answer?: string): void => {
      sentAt = performance.now();
      socket.write(chain(answer));
    };
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the server closed the connection')));
    socket.on('data', (chunk) => {
      received = received ? Buffer.concat([received, chunk]) : chunk;
      const headEnd = received.indexOf(HEAD_END);
      if (headEnd === -1) return;
      const head = received.toString('latin1', 0, headEnd);
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
      if (received.length < headEnd + HEAD_END.length + length) return;
      const body = received.toString('utf8', headEnd + HEAD_END.length);
      received = undefined;
      if (!head.startsWith(expected)) return reject(new Error(`${head}\n\n${body}`));
      const now = performance.now();
      times.push(now - sentAt);
      if (now < end) return send(body);
      socket.removeAllListeners('close').destroy();
      resolve();
    });
    send();
  });
}

/** Repeats the same request on a number of connections. */
export function repeated(bytes: Buffer, connections: number): () => readonly Chain[] {
  return () => Array.from({ length: connections }, () => () => bytes);
}

/** Each connection refreshes its own session repeatedly; a further load continues with the newest tokens. */
export function refreshing(pairs: readonly TokenPair[]): () => readonly Chain[] {
  const newest = pairs.map(({ refresh_token: token }) => token);
  return () =>
    newest.map((_, index) => (answer) => {
      if (answer !== undefined) newest[index] = (JSON.parse(answer) as TokenPair).refresh_token;
      return postRequest('/auth/refresh', { refresh_token: newest[index] });
    });
}

/** The bytes of a request without a body. */
export function getRequest(path: string, headers: Readonly<Record<string, string>> = {}): Buffer {
  return request('GET', path, headers);
}

/** The bytes of a request with a body: JSON, or a form if the content type says so. */
export function postRequest(
  path: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Buffer {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const length = String(Buffer.byteLength(text));
  const all = { 'Content-Type': 'application/json', ...headers, 'Content-Length': length };
  return request('POST', path, all, text);
}

/** The bytes of any request. */
export function request(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body = '',
): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`${method} ${path} HTTP/1.1\r\nHost: localhost\r\n${lines.join('')}\r\n${body}`);
}
