import { types } from 'node:util';
import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { bearerChallenge, UNAVAILABLE_RETRY_SECONDS } from '@latchkey/token-rules';
import { AppError } from '../kernel/app-error.js';
import { ERROR_CODES, type ErrorCode } from '../kernel/error-codes.js';
import type { Log } from '../kernel/log.js';
import { requestPath } from './request-path.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** The error code of its answer, for the log and the metrics. */
    refusedWith: ErrorCode | undefined;
    /** Whether the answer is a page, with the headers of pages. */
    isPage: boolean;
  }
}

const RETRY_AFTER_SECONDS: Partial<Record<ErrorCode, string>> = {
  overloaded: '1',
  unavailable: String(UNAVAILABLE_RETRY_SECONDS),
  // Each place that raises this error gives the exact wait; the OpenAPI document shows this one.
  too_many_attempts: '30',
};

const CODE_OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: 'malformed_request',
  404: 'not_found',
  408: 'request_timeout',
  413: 'payload_too_large',
  415: 'unsupported_media_type',
  431: 'headers_too_large',
};

export interface ProblemFilterOptions {
  readonly log: Log;
  /** The methods a path answers; empty where the path is unknown. */
  readonly allowedMethods: (path: string) => readonly string[];
  /** Turns an error of a library (a lost database connection) into an `AppError`; undefined for other errors. */
  readonly translate: (error: unknown) => AppError | undefined;
  /** The path of the issuer, see basePathOf. */
  readonly basePath: string;
  /** Whether a path is one of a page. */
  readonly isPage: (path: string) => boolean;
  /** Answers the error of a page route; false where the client reads problem documents. */
  readonly answerPage: (error: AppError, request: FastifyRequest, reply: FastifyReply) => Promise<boolean>;
}

/**
 * Answers every error: as RFC 9457 `application/problem+json`, below `/oauth/*` as RFC 6749 section 5.2. The answer
 * holds only the public parts of `AppError`; the cause goes to the log under the request id.
 */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly options: ProblemFilterOptions) {}

  async catch(exception: unknown, host: ArgumentsHost): Promise<void> {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const error = this.toAppError(exception, request);
    this.record(error, request);
    if (reply.sent) return;
    request.refusedWith = error.code;
    const isPage = this.options.isPage(requestPath(request));
    if (isPage && (await this.options.answerPage(error, request, reply))) return;
    const { status, headers, body } = problem(error, request.id, isOAuth(request), this.options.basePath);
    void reply.status(status).headers(headers).send(body);
  }

  private toAppError(exception: unknown, request: FastifyRequest): AppError {
    if (exception instanceof AppError) return exception;
    const translated = this.options.translate(exception);
    if (translated) return translated;
    const status = statusOf(exception);
    if (status === 404) return this.notFound(request);
    const code = status === undefined ? undefined : CODE_OF_STATUS[status];
    if (code) return new AppError(code);
    return new AppError('internal_error', { cause: exception });
  }

  /** RFC 9110 section 15.5.6: a known path answers an unknown method with the list of its methods. */
  private notFound(request: FastifyRequest): AppError {
    const allowed = this.options.allowedMethods(requestPath(request));
    if (allowed.length === 0 || allowed.includes(request.method)) return new AppError('not_found');
    return new AppError('method_not_allowed', { headers: { allow: allowed.join(', ') } });
  }

  private record(error: AppError, request: FastifyRequest): void {
    const line = { request_id: request.id, code: error.code, ...error.diagnosis };
    if (error.status >= 500) {
      this.options.log.error({ ...line, err: error.cause }, `request failed: ${error.code}`);
    } else if (ERROR_CODES[error.code].bearer !== undefined) {
      this.options.log.info(line, `JWT refused: ${error.code}`);
    } else {
      // Operators look up refused sign-ins later. Other refusals are explained to the client in the answer.
      this.options.log[error.status === 401 ? 'info' : 'debug'](line, `request refused: ${error.code}`);
    }
  }
}

/**
 * The answer to an error: status, headers and the serialized body.
 * @param basePath the path of the issuer, with which the `type` begins
 */
export function problem(
  error: AppError,
  requestId: string,
  oauth: boolean,
  basePath = '',
): { status: number; headers: Record<string, string>; body: string } {
  const entry = ERROR_CODES[error.code];
  const status = oauth ? (entry.oauth?.status ?? error.status) : error.status;
  const headers: Record<string, string> = {
    'content-type': oauth ? 'application/json; charset=utf-8' : 'application/problem+json; charset=utf-8',
    'cache-control': 'no-store',
    ...challenge(error, status),
    ...retryAfter(error.code),
    ...error.headers,
  };
  const body = oauth ? oauthBody(error, requestId) : problemBody(error, status, requestId, basePath);
  return { status, headers, body: JSON.stringify(body) };
}

function problemBody(error: AppError, status: number, requestId: string, basePath: string): object {
  return {
    type: `${basePath}/docs/errors#${error.code}`,
    title: ERROR_CODES[error.code].title,
    status,
    detail: error.detail,
    code: error.code,
    request_id: requestId,
    errors: error.errors,
  };
}

/** RFC 6749 section 5.2. */
function oauthBody(error: AppError, requestId: string): object {
  const fields = error.errors?.map(({ field, message }) => `${field}: ${message}`).join('; ');
  return {
    error: ERROR_CODES[error.code].oauth?.error ?? 'invalid_request',
    error_description: asciiDescription(fields ?? error.detail),
    request_id: requestId,
  };
}

/** RFC 6749 section 5.2 allows %x20-21 / %x23-5B / %x5D-7E in `error_description`. */
function asciiDescription(text: string): string {
  return text.replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, '?');
}

function challenge(error: AppError, status: number): Record<string, string> {
  // A page opens by its cookie, so no scheme of HTTP authentication would help.
  const isChallenge = status === 401 && error.code !== 'login_required';
  return isChallenge ? { 'www-authenticate': bearerChallenge(ERROR_CODES[error.code].bearer) } : {};
}

function retryAfter(code: ErrorCode): Record<string, string> {
  const seconds = RETRY_AFTER_SECONDS[code];
  return seconds === undefined ? {} : { 'retry-after': seconds };
}

/** Whether errors of a path have the form of RFC 6749. */
export function isOAuthPath(path: string): boolean {
  return path.startsWith('/oauth/');
}

function isOAuth(request: FastifyRequest): boolean {
  return isOAuthPath(requestPath(request));
}

/** The status of an HTTP error of Nest or Fastify; undefined for other errors. */
function statusOf(exception: unknown): number | undefined {
  if (exception instanceof HttpException) return exception.getStatus();
  if (!types.isNativeError(exception) || exception.name !== 'FastifyError') return undefined;
  const status: unknown = (exception as Error & { statusCode?: unknown }).statusCode;
  return typeof status === 'number' ? status : undefined;
}
