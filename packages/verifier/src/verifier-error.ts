import {
  BEARER_ERRORS,
  bearerChallenge,
  UNAVAILABLE_RETRY_SECONDS,
  type BearerCode,
} from '@latchkey/token-rules';

export interface VerifierErrorOptions {
  /** The text for the client. Default: the text of the code. */
  readonly detail?: string;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** For the log only: the expected and the received value. Never holds a token. */
  readonly diagnosis?: Readonly<Record<string, unknown>>;
}

/** Why a request is refused. Codes, texts and headers are those of Latchkey itself; docs/errors.md lists them. */
export class VerifierError extends Error {
  readonly status: number;
  readonly detail: string;
  /** The response headers to set: `www-authenticate` (RFC 6750 section 3) or `retry-after`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly diagnosis: Readonly<Record<string, unknown>> | undefined;
  private readonly type: string;

  /** @param issuer the base URL of the page that describes the codes */
  constructor(
    readonly code: BearerCode,
    issuer: string,
    options: VerifierErrorOptions = {},
  ) {
    super(code);
    this.name = 'VerifierError';
    const entry: { readonly status: number; readonly detail: string; readonly bearer?: string } =
      BEARER_ERRORS[code];
    this.status = options.status ?? entry.status;
    this.detail = options.detail ?? entry.detail;
    this.diagnosis = options.diagnosis;
    this.type = `${issuer.replace(/\/$/, '')}/docs/errors#${code}`;
    this.headers = {
      ...(this.status === 401 && { 'www-authenticate': bearerChallenge(entry.bearer) }),
      ...(code === 'unavailable' && { 'retry-after': String(UNAVAILABLE_RETRY_SECONDS) }),
      ...options.headers,
    };
  }

  /** The `WWW-Authenticate` header; undefined for 503. */
  get wwwAuthenticate(): string | undefined {
    return this.headers['www-authenticate'];
  }

  /** The response body, a problem document (RFC 9457). */
  problem(requestId: string): Record<string, unknown> {
    return {
      type: this.type,
      title: BEARER_ERRORS[this.code].title,
      status: this.status,
      detail: this.detail,
      code: this.code,
      request_id: requestId,
    };
  }
}
