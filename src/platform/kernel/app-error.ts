import { ERROR_CODES, FIELD_CODES, type ErrorCode, type FieldCode } from './error-codes.js';

/** One refused field of a `validation_failed` answer. */
export interface FieldError {
  readonly field: string;
  readonly code: FieldCode;
  readonly message: string;
}

export interface AppErrorOptions {
  /** Public text; the default of the code where absent. Never holds a value the client sent. */
  readonly detail?: string;
  /** For a code with two statuses (RFC 6750 section 3.1); the code's own status where absent. */
  readonly status?: number;
  readonly errors?: readonly FieldError[];
  readonly headers?: Readonly<Record<string, string>>;
  /** For the log only: what was expected and what arrived. Never a token, password or key. */
  readonly diagnosis?: Readonly<Record<string, unknown>>;
  /** For the log only: the error that was caught. */
  readonly cause?: unknown;
}

/**
 * The error that every room throws. The parts for the client (`code`, `detail`, `errors`, `headers`) are separate from
 * the parts for the log (`diagnosis`, `cause`), so the filter sends only the public ones.
 */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly detail: string;
  readonly status: number;
  readonly errors: readonly FieldError[] | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly diagnosis: Readonly<Record<string, unknown>> | undefined;

  constructor(code: ErrorCode, options: AppErrorOptions = {}) {
    super(code, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.detail = options.detail ?? ERROR_CODES[code].detail;
    this.status = options.status ?? ERROR_CODES[code].status;
    this.errors = options.errors;
    this.headers = options.headers ?? {};
    this.diagnosis = options.diagnosis;
  }
}

/** A `validation_failed` error for one field. */
export function invalidField(field: string, code: FieldCode, allowed?: string): AppError {
  return new AppError('validation_failed', { errors: [fieldError(field, code, allowed)] });
}

/**
 * One entry of `errors`, with the message of its code.
 * @param allowed the acceptable values, which the message then names
 */
export function fieldError(field: string, code: FieldCode, allowed?: string): FieldError {
  const message = FIELD_CODES[code];
  return { field, code, message: allowed === undefined ? message : `${message}: ${allowed}` };
}
