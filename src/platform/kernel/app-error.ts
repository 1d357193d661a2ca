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
  /** Where one code goes with two statuses (RFC 6750 section 3.1); the code's own where absent. */
  readonly status?: number;
  readonly errors?: readonly FieldError[];
  readonly headers?: Readonly<Record<string, string>>;
  /** For the log only: what was expected and what arrived. Never a token, password or key. */
  readonly diagnosis?: Readonly<Record<string, unknown>>;
  /** For the log only: what was caught. */
  readonly cause?: unknown;
}

/**
 * The one error the rooms throw. What the client may read (`code`, `detail`, `errors`, `headers`) and what only
 * the log may hold (`diagnosis`, `cause`) are kept apart, so that nothing has to be filtered out later.
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
export function invalidField(field: string, code: FieldCode): AppError {
  return new AppError('validation_failed', { errors: [fieldError(field, code)] });
}

/** One entry of `errors`, with the text that belongs to its code. */
export function fieldError(field: string, code: FieldCode): FieldError {
  return { field, code, message: FIELD_CODES[code] };
}
