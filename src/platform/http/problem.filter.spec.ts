import { describe, expect, it } from '@jest/globals';
import { AppError, invalidField } from '../kernel/app-error.js';
import { ERROR_CODES, type ErrorCode } from '../kernel/error-codes.js';
import { problem } from './problem.filter.js';

const codes = Object.keys(ERROR_CODES) as ErrorCode[];
const ID = 'request-1';

function bodyOf(error: AppError, oauth: boolean): Record<string, unknown> {
  return JSON.parse(problem(error, ID, oauth).body) as Record<string, unknown>;
}

describe('an error as RFC 9457 says', () => {
  it.each(codes)('has the members, status and text of its code: %s', (code) => {
    const { status, title, detail } = ERROR_CODES[code];
    const answer = problem(new AppError(code), ID, false);
    expect([answer.status, answer.headers['content-type']]).toEqual([
      status,
      'application/problem+json; charset=utf-8',
    ]);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(JSON.parse(answer.body)).toEqual({
      type: `/docs/errors#${code}`,
      title,
      status,
      detail,
      code,
      request_id: ID,
    });
  });

  it('uses the status, detail and headers given with the error', () => {
    const headers = { 'www-authenticate': 'Bearer error="invalid_request"', allow: 'GET' };
    const error = new AppError('authorization_malformed', { status: 400, detail: 'Two headers', headers });
    const answer = problem(error, ID, false);
    expect(answer).toMatchObject({ status: 400, headers });
    expect(bodyOf(error, false)).toMatchObject({ status: 400, detail: 'Two headers' });
  });

  it('lists the refused fields', () => {
    expect(bodyOf(invalidField('email', 'required'), false)['errors']).toEqual([
      { field: 'email', code: 'required', message: 'This field is required' },
    ]);
  });

  it('leaves out the cause and the diagnosis, which are for the log', () => {
    const error = new AppError('internal_error', {
      cause: new Error('MARK-1'),
      diagnosis: { cause: 'MARK-2' },
    });
    for (const oauth of [true, false])
      expect(JSON.stringify(problem(error, ID, oauth))).not.toContain('MARK');
  });
});

describe('WWW-Authenticate', () => {
  it('is sent with every 401 but that of a page, and with no other status', () => {
    for (const code of codes) {
      for (const oauth of [true, false]) {
        const { status, headers } = problem(new AppError(code), ID, oauth);
        expect([code, headers['www-authenticate'] !== undefined]).toEqual([
          code,
          status === 401 && code !== 'login_required',
        ]);
      }
    }
  });

  it.each<[ErrorCode, string]>([
    ['token_missing', 'Bearer'],
    ['invalid_credentials', 'Bearer'],
    ['token_expired', 'Bearer error="invalid_token", error_description="Token has expired"'],
    ['token_revoked', 'Bearer error="invalid_token", error_description="Token has been revoked"'],
    [
      'token_stale',
      'Bearer error="invalid_token", error_description="Permissions have changed, refresh the token"',
    ],
    ['token_wrong_type', 'Bearer error="invalid_token", error_description="Wrong token type"'],
    ['token_invalid', 'Bearer error="invalid_token", error_description="Could not validate credentials"'],
  ])('is that of the contract, byte for byte: %s', (code, challenge) => {
    expect(problem(new AppError(code), ID, false).headers['www-authenticate']).toBe(challenge);
  });
});

describe('Retry-After', () => {
  it('is sent with every 429 and 503 and with no other status', () => {
    for (const code of codes) {
      const { status, headers } = problem(new AppError(code), ID, false);
      expect([code, headers['retry-after'] !== undefined]).toEqual([code, [429, 503].includes(status)]);
    }
  });
});

describe('an error as RFC 6749 section 5.2 says', () => {
  it.each(codes)('has three members and one of its errors: %s', (code) => {
    const { oauth, status } = ERROR_CODES[code];
    const answer = problem(new AppError(code), ID, true);
    const body = bodyOf(new AppError(code), true);
    expect(Object.keys(body)).toEqual(['error', 'error_description', 'request_id']);
    expect(body['error']).toBe(oauth?.error ?? 'invalid_request');
    expect(answer.status).toBe(oauth?.status ?? status);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
    });
  });

  it('names the refused fields in its description', () => {
    expect(bodyOf(invalidField('username', 'required'), true)['error_description']).toBe(
      'username: This field is required',
    );
  });

  it('keeps the description to the characters the RFC allows', () => {
    const detail = 'a "quoted" \\ back, é, \u{1f511}\n';
    const description = bodyOf(new AppError('not_found', { detail }), true)['error_description'];
    expect(description).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
    expect(description).toContain('quoted');
  });
});
