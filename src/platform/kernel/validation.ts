import { z } from 'zod';
import { AppError, fieldError, type FieldError } from './app-error.js';
import { FIELD_CODES, type FieldCode } from './error-codes.js';

const MAX_FIELD_ERRORS = 20;
const MAX_FIELD_NAME = 100;

/**
 * A string field without control characters or lone surrogates (neither can be stored or shown faithfully), of
 * `min` to `max` UTF-16 code units.
 * @param trim whether white space at both ends is dropped first
 */
export function text({ min = 1, max, trim = false }: { min?: number; max: number; trim?: boolean }) {
  const string = trim ? z.string().trim() : z.string();
  return string.min(min).max(max).refine(isCleanText, fieldCode('control_character'));
}

/** Control characters, and bidirectional overrides, which change how the following text looks. */
const UNCLEAN = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u;

/** Whether a text is free of control characters (Unicode category Cc, bidirectional overrides) and lone surrogates. */
export function isCleanText(value: string): boolean {
  return !UNCLEAN.test(value) && value.isWellFormed();
}

/**
 * A refinement option that names a field code; see {@link parseInput}.
 * @param allowed the acceptable values, such as `at least 8 characters`
 */
export function fieldCode(code: FieldCode, allowed?: string): { params: FieldParams } {
  return { params: { code, ...(allowed !== undefined && { allowed }) } };
}

interface FieldParams {
  readonly code: FieldCode;
  readonly allowed?: string;
}

/**
 * Checks the input of a client against a schema and returns the schema's output.
 * @throws AppError `validation_failed` with one entry per refused field; entries carry a stable code and never repeat
 * a value
 */
export function parseInput<T>(schema: z.ZodType<T>, input: unknown): T {
  return outputOf(schema.safeParse(input), input);
}

/** Like {@link parseInput}, for a schema with asynchronous rules. */
export async function parseInputAsync<T>(schema: z.ZodType<T>, input: unknown): Promise<T> {
  return outputOf(await schema.safeParseAsync(input), input);
}

function outputOf<T>(result: z.ZodSafeParseResult<T>, input: unknown): T {
  if (result.success) return result.data;
  const errors = result.error.issues.flatMap((issue) => fieldErrors(issue, input));
  throw new AppError('validation_failed', { errors: errors.slice(0, MAX_FIELD_ERRORS) });
}

/**
 * Like {@link parseInput}, for a request's body, which must be an object.
 * @throws AppError `malformed_request` where the body is no object; `validation_failed`
 */
export function parseBody<T>(schema: z.ZodType<T>, body: unknown): T {
  assertObject(body);
  return parseInput(schema, body);
}

/** Like {@link parseBody}, for a schema with asynchronous rules. */
export async function parseBodyAsync<T>(schema: z.ZodType<T>, body: unknown): Promise<T> {
  assertObject(body);
  return parseInputAsync(schema, body);
}

function assertObject(body: unknown): void {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new AppError('malformed_request');
}

function fieldErrors(issue: z.core.$ZodIssue, input: unknown): FieldError[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => fieldError(fieldName([...issue.path, key]), 'unknown_field'));
  }
  return [fieldError(fieldName(issue.path), fieldCodeOf(issue, input), allowedBy(issue))];
}

function fieldName(path: readonly PropertyKey[]): string {
  return path.map(String).join('.').slice(0, MAX_FIELD_NAME).toWellFormed();
}

function fieldCodeOf(issue: z.core.$ZodIssue, input: unknown): FieldCode {
  switch (issue.code) {
    case 'invalid_type':
    case 'invalid_union':
      return valueAt(input, issue.path) === undefined ? 'required' : 'wrong_type';
    case 'too_small':
      return issue.origin === 'number' || issue.origin === 'int' ? 'out_of_range' : 'too_short';
    case 'too_big':
      return issue.origin === 'number' || issue.origin === 'int' ? 'out_of_range' : 'too_long';
    case 'custom': {
      const code: unknown = issue.params?.['code'];
      return typeof code === 'string' && code in FIELD_CODES ? (code as FieldCode) : 'invalid_format';
    }
    default:
      return 'invalid_format';
  }
}

/** The acceptable values, for people; undefined where the schema does not say. */
function allowedBy(issue: z.core.$ZodIssue): string | undefined {
  switch (issue.code) {
    case 'too_small':
      return `at least ${amount(Number(issue.minimum), issue.origin)}`;
    case 'too_big':
      return `at most ${amount(Number(issue.maximum), issue.origin)}`;
    case 'invalid_value':
      return `one of ${issue.values.map(String).join(', ')}`;
    case 'custom': {
      const allowed: unknown = issue.params?.['allowed'];
      return typeof allowed === 'string' ? allowed : undefined;
    }
    default:
      return undefined;
  }
}

function amount(count: number, origin: string): string {
  const unit = { string: 'character', array: 'item' }[origin];
  return unit === undefined ? String(count) : `${count} ${unit}${count === 1 ? '' : 's'}`;
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const step of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[step];
  }
  return value;
}
