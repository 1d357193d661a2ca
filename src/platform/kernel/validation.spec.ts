import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { AppError, type FieldError } from './app-error.js';
import { anyText } from '../../../test/support/fuzz/any-text.js';
import { FIELD_CODES } from './error-codes.js';
import { fieldCode, isCleanText, parseBody, parseInput, text } from './validation.js';

const schema = z.strictObject({
  name: text({ min: 2, max: 5 }),
  count: z.number().min(1).max(9).optional(),
  tags: z.array(z.enum(['a', 'b'])).optional(),
  even: z
    .string()
    .refine((value) => value.length % 2 === 0, fieldCode('too_common', 'an even number of letters'))
    .optional(),
  deep: z.strictObject({ leaf: z.union([z.string(), z.boolean()]) }).optional(),
});

function refused(check: () => unknown): AppError {
  try {
    check();
  } catch (error) {
    return error as AppError;
  }
  throw new Error('the input was accepted');
}

function errorsOf(input: unknown): readonly FieldError[] {
  const error = refused(() => parseInput(schema, input));
  expect(error.code).toBe('validation_failed');
  return error.errors ?? [];
}

describe('parseInput', () => {
  it('returns the output of the schema', () => {
    expect(
      parseInput(
        schema.transform(({ name }) => name.length),
        { name: 'Ada' },
      ),
    ).toBe(3);
  });

  it.each<[string, object, string, string]>([
    ['missing', {}, 'name', 'required'],
    ['null', { name: null }, 'name', 'wrong_type'],
    ['another type', { name: 1 }, 'name', 'wrong_type'],
    ['too short', { name: 'A' }, 'name', 'too_short'],
    ['too long', { name: 'Augusta' }, 'name', 'too_long'],
    ['a control character', { name: 'A\u0000' }, 'name', 'control_character'],
    ['a lone surrogate', { name: 'A\udc00' }, 'name', 'control_character'],
    ['too small a number', { name: 'Ada', count: 0 }, 'count', 'out_of_range'],
    ['too large a number', { name: 'Ada', count: 10 }, 'count', 'out_of_range'],
    ['none of a list', { name: 'Ada', tags: ['a', 'c'] }, 'tags.1', 'invalid_format'],
    ['refused by a rule with a code', { name: 'Ada', even: 'odd' }, 'even', 'too_common'],
    ['none of several types', { name: 'Ada', deep: { leaf: 1 } }, 'deep.leaf', 'wrong_type'],
    ['missing further down', { name: 'Ada', deep: {} }, 'deep.leaf', 'required'],
    ['unknown', { name: 'Ada', id: 1 }, 'id', 'unknown_field'],
    ['unknown further down', { name: 'Ada', deep: { leaf: '', x: 1 } }, 'deep.x', 'unknown_field'],
    ['a key of every object', { name: 'Ada', constructor: 1 }, 'constructor', 'unknown_field'],
  ])('names the field and its fault: %s', (_, input, field, code) => {
    const message = FIELD_CODES[code as keyof typeof FIELD_CODES];
    expect(errorsOf(input)).toEqual([{ field, code, message: expect.stringMatching(`^${message}`) }]);
  });

  it.each<[object, string]>([
    [{ name: 'A' }, 'This value is too short: at least 2 characters'],
    [{ name: 'Augusta' }, 'This value is too long: at most 5 characters'],
    [{ name: 'Ada', count: 10 }, 'This number is out of range: at most 9'],
    [{ name: 'Ada', tags: ['c'] }, 'This value does not have the required form: one of a, b'],
    [
      { name: 'Ada', even: 'odd' },
      'This password is among the most common ones of published breaches: an even number of letters',
    ],
  ])('says what is allowed: %j', (input, message) => {
    expect(errorsOf(input)).toMatchObject([{ message }]);
  });

  it('treats __proto__ like any other field', () => {
    expect(errorsOf(JSON.parse('{"name":"Ada","__proto__":{"admin":true}}'))).toMatchObject([
      { field: '__proto__', code: 'unknown_field' },
    ]);
  });

  it('names at most twenty faults', () => {
    const keys = Array.from({ length: 50 }, (_, index) => [`key${index}`, 1]);
    expect(errorsOf(Object.fromEntries(keys))).toHaveLength(20);
  });

  it('cuts long field names and answers well-formed text', () => {
    fc.assert(
      fc.property(anyText({ minLength: 1, maxLength: 300 }), (key) => {
        fc.pre(!Object.hasOwn(schema.shape, key));
        const [error] = errorsOf({ name: 'Ada', [key]: 1 });
        expect(error?.field.length).toBeLessThanOrEqual(100);
        expect(error?.field.isWellFormed()).toBe(true);
      }),
    );
  });

  it('never repeats a value, whatever its type and place', () => {
    const marked = fc.oneof(
      fc.constant('MARK-1'),
      fc.array(fc.constant('MARK-2'), { maxLength: 3 }),
      fc.record({ a: fc.constant('MARK-3') }),
      fc.constant(Number.NaN),
    );
    const input = fc.record({ name: marked, count: marked, tags: marked, even: marked, deep: marked });
    fc.assert(
      fc.property(input, (value) => {
        expect(JSON.stringify(errorsOf(value))).not.toContain('MARK');
      }),
    );
  });
});

describe('parseBody', () => {
  it.each([undefined, null, 'text', '', 1, true, [], [{ name: 'Ada' }]])(
    'refuses a body that is no object as malformed_request: %j',
    (body) => {
      expect(refused(() => parseBody(schema, body)).code).toBe('malformed_request');
    },
  );

  it('refuses unacceptable fields as validation_failed and returns the others', () => {
    expect(refused(() => parseBody(schema, {})).code).toBe('validation_failed');
    expect(parseBody(schema, { name: 'Ada' })).toEqual({ name: 'Ada' });
  });
});

describe('isCleanText', () => {
  it.each(['', 'Ada', 'Åsa Öberg', '日本', '\u{1f511}', ' a b ', '\u200d'])('accepts %j', (value) => {
    expect(isCleanText(value)).toBe(true);
  });

  it.each([
    '\u202e',
    '\u2066',
    '\u0000',
    '\t',
    '\n',
    '\u001f',
    '\u007f',
    '\u0085',
    '\ud800',
    '\udfff',
    '\udc00\ud800',
  ])('refuses characters that cannot be stored or shown: %j', (value) => {
    expect([isCleanText(value), isCleanText(`a${value}b`)]).toEqual([false, false]);
  });
});
