import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { countHeaders } from '@latchkey/token-rules';
import type { HttpConfig } from '../config/config.js';
import { AppError } from '../kernel/app-error.js';
import type { ErrorCode } from '../kernel/error-codes.js';
import { isOAuthPath, problem } from './problem.filter.js';
import { requestPath } from './request-path.js';
import { requestId } from './request-id.js';

/** 64 KiB: the largest body of the contract. */
const BODY_LIMIT_BYTES = 64 * 1024;
/** How long a whole request, and its headers alone, may take to arrive, in milliseconds; slow senders are cut off. */
const REQUEST_TIMEOUT_MS = 15_000;
const HEADERS_TIMEOUT_MS = 10_000;
/** Longer than the idle time of common balancers (60 s), so that they never reuse a connection the service just closed. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000;

const CODE_OF_CLIENT_ERROR: Readonly<Record<string, ErrorCode>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
};

type RecordRequest = (request: FastifyRequest, reply: FastifyReply) => void;

/** RFC 8414 section 3.1: the documents of an issuer with a path are also found at this place of its host. */
const METADATA = /^\/\.well-known\/(?:oauth-authorization-server|openid-configuration)(?=\/)/;

/**
 * The HTTP server: limits, time-outs, request ids, and problem answers for requests that never reach a route.
 * @param basePath the path of the issuer, see basePathOf
 * @param record is called when a request that runs no hook has ended
 */
export function httpAdapter(config: HttpConfig, basePath: string, record: RecordRequest): FastifyAdapter {
  return new FastifyAdapter({
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    // assertHost refuses a request without a host, with a problem answer.
    http: { headersTimeout: HEADERS_TIMEOUT_MS, connectionsCheckingInterval: 5000, requireHostHeader: false },
    // Trusting every sender would let any client choose its address with a header.
    trustProxy: config.trustedProxies.length > 0 ? [...config.trustedProxies] : false,
    genReqId: requestId,
    requestIdHeader: false,
    logger: false,
    return503OnClosing: false,
    frameworkErrors: (_error: unknown, request: FastifyRequest, reply: FastifyReply) =>
      refuseBadUrl(request, reply, { record, basePath }),
    clientErrorHandler: (error, socket) => refuseBadHttp(error, socket, basePath),
    ...(basePath !== '' && { rewriteUrl: ({ url = '/' }) => withoutIssuer(url, basePath) }),
    routerOptions: { ignoreTrailingSlash: false, ignoreDuplicateSlashes: false, caseSensitive: true },
  });
}

/** The target of a request for metadata without the path of the issuer, which RFC 8414 appends; others are unchanged. */
function withoutIssuer(url: string, basePath: string): string {
  const [document] = METADATA.exec(url) ?? [];
  if (document === undefined || !url.startsWith(basePath, document.length)) return url;
  const rest = url.slice(document.length + basePath.length);
  return rest === '' || rest.startsWith('?') ? document + rest : url;
}

/** Answers a URL that cannot be decoded; it has no route and runs no hook. */
function refuseBadUrl(
  request: FastifyRequest,
  reply: FastifyReply,
  { record, basePath }: { record: RecordRequest; basePath: string },
): void {
  const error = new AppError('not_found');
  const { status, headers, body } = problem(error, request.id, isOAuthPath(requestPath(request)), basePath);
  request.refusedWith = error.code;
  reply.raw.once('close', () => record(request, reply));
  void reply
    .status(status)
    .headers({ ...headers, 'x-request-id': request.id })
    .send(body);
}

/** RFC 9110 section 7.2 and RFC 3986 section 3.2: a name or an address, then a port. */
const HOST = /^(?:\[[0-9a-f:.]+\]|(?:[\w.~!$&'()*+,;=-]|%[0-9a-f]{2})+)(?::\d{0,5})?$/i;

/** Whether a request names one well-formed host; HTTP/1.0 may name none (RFC 9112 section 3.2). */
export function namesHost({ headers, httpVersion, rawHeaders }: IncomingMessage): boolean {
  const { host } = headers;
  if (host === undefined) return httpVersion !== '1.1';
  // Node keeps the first of two headers, and a proxy may have kept the second.
  return HOST.test(host) && countHeaders(rawHeaders, 'host') === 1;
}

/** @throws AppError `invalid_request` for a request whose host is missing, malformed or given twice */
export function assertHost({ raw }: FastifyRequest): void {
  if (!namesHost(raw))
    throw new AppError('invalid_request', { detail: 'The request needs exactly one valid Host header' });
}

/** RFC 9110 section 10.1.1: answers expectations other than 100-continue, which Node would refuse without a body. */
export function answerExpectations(server: Server, basePath: string): void {
  server.on('checkExpectation', (request, response) => {
    const id = requestId(request);
    const { status, headers, body } = problem(new AppError('expectation_failed'), id, false, basePath);
    response.writeHead(status, { ...headers, 'x-request-id': id, connection: 'close' }).end(body);
  });
}

const refusedConnections = new WeakMap<Socket, AppError>();

/** The error that refused a connection while its request was still arriving, if any. */
export function refusalOf(socket: Socket): AppError | undefined {
  return refusedConnections.get(socket);
}

/** Malformed HTTP makes no request object, so the answer is written to the socket. */
function refuseBadHttp(error: Error & { code?: string }, socket: Socket, basePath: string): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const refusal = new AppError(CODE_OF_CLIENT_ERROR[error.code ?? ''] ?? 'invalid_request');
  // The client closed the connection in the middle of a request: it left and was not refused.
  if (error.code !== 'HPE_INVALID_EOF_STATE') refusedConnections.set(socket, refusal);
  const id = requestId({ headers: {} });
  const { status, headers, body } = problem(refusal, id, false, basePath);
  const lines = Object.entries({
    ...headers,
    'x-request-id': id,
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  }).map(([name, value]) => `${name}: ${value}`);
  socket.end(`HTTP/1.1 ${status} ${refusal.code}\r\n${lines.join('\r\n')}\r\n\r\n${body}`);
}
