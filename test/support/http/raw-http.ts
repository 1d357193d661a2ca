import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';

/** A request that is sent exactly as given; `fetch` would normalise the path, refuse methods and merge headers. */
export interface RawRequest {
  readonly method: string;
  /** Non-ASCII text is sent as UTF-8. */
  readonly path: string;
  readonly headers?: ReadonlyArray<readonly [string, string]>;
  readonly body?: Buffer | string;
  /** The client's own address, such as 127.0.0.2. */
  readonly from?: string;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Methods for which node:http sends no body by default; for all others it would send empty chunks. */
const BODILESS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE']);

/** Sends a request over a new connection, because a server may close a connection after a refusal. */
export function rawRequest(
  url: string,
  { method, path, headers = [], body, from }: RawRequest,
): Promise<RawAnswer> {
  const { hostname, port, host } = new URL(url);
  const lines = headers.map(([name, value]): [string, string] => [name, latin1(value)]);
  if (!lines.some(([name]) => name.toLowerCase() === 'host')) lines.unshift(['Host', host]);
  const length = Buffer.byteLength(body ?? '');
  if (body !== undefined || !BODILESS.has(method)) lines.push(['Content-Length', String(length)]);
  lines.push(['Connection', 'close']);
  return new Promise((resolve, reject) => {
    let answered = false;
    const options = {
      hostname,
      port,
      method,
      path: latin1(path),
      agent: false,
      headers: lines.flat(),
      ...(from !== undefined && { localAddress: from }),
    };
    const outgoing = httpRequest(options, (response) => {
      answered = true;
      const chunks: Buffer[] = [];
      const done = (): void => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      };
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        // A stream of events does not end by itself, so its first piece is the answer.
        if (response.headers['content-type'] !== 'text/event-stream') return;
        done();
        response.destroy();
      });
      response.on('error', reject);
      response.on('end', done);
    });
    // A server that refuses a body early closes the connection while the body is sent; its answer counts.
    outgoing.on('error', (error) => (answered ? undefined : reject(error)));
    outgoing.end(body);
  });
}

/** Writes bytes to a socket and returns all bytes that arrive until the server closes it. */
export function rawBytes(url: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString('latin1')));
    socket.on('close', () => resolve(text));
    socket.on('error', reject);
    socket.write(bytes, 'latin1');
  });
}

/** Parses the text of an answer: the parts that tests use. */
export function parsedAnswer(text: string): RawAnswer {
  const [head = '', body = ''] = text.split('\r\n\r\n', 2);
  const [line = '', ...lines] = head.split('\r\n');
  const headers = lines.map((header): [string, string] => {
    const colon = header.indexOf(':');
    return [header.slice(0, colon).toLowerCase(), header.slice(colon + 1).trim()];
  });
  return { status: Number(line.split(' ')[1]), headers: Object.fromEntries(headers), text: body };
}

/** node:http writes one byte per code unit. */
function latin1(text: string): string {
  return Buffer.from(text.toWellFormed()).toString('latin1');
}
