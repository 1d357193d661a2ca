import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { faultyClaim, TOKEN_TYPES, type TokenType } from './token-claims.js';

const ID = '0190a5d4-7c1e-7000-8000-000000000000';
const COMMON = { iss: 'http://localhost:3000', aud: 'latchkey', sub: ID, exp: 2, iat: 1, jti: 'j', sid: ID };
const GOOD: Readonly<Record<TokenType, Readonly<Record<string, unknown>>>> = {
  access: { ...COMMON, client_id: 'first-party', type: 'access', scope: '', ver: 1 },
  refresh: { ...COMMON, gen: 1, type: 'refresh' },
  browser: { ...COMMON, gen: 1, ver: 1, type: 'browser' },
};
const KINDS = Object.keys(TOKEN_TYPES) as TokenType[];
/** `type` is checked earlier, together with the header's `typ`. */
const required = (kind: TokenType) => Object.keys(GOOD[kind]).filter((claim) => claim !== 'type');

describe.each(KINDS)('the claims of a token of the kind %s', (kind) => {
  it('are valid when all are present', () => {
    expect(faultyClaim(kind, GOOD[kind])).toBeUndefined();
  });

  it.each(required(kind))('are invalid without %s', (claim) => {
    const { [claim]: _, ...rest } = GOOD[kind];
    expect(faultyClaim(kind, rest)).toBe(claim);
    expect(faultyClaim(kind, { ...rest, [claim]: undefined })).toBe(claim);
    expect(faultyClaim(kind, { ...rest, [claim]: null })).toBe(claim);
  });

  it('may include unknown claims', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (unknown) => {
        expect(faultyClaim(kind, { nbf: undefined, ...unknown, ...GOOD[kind] })).toBe(
          'nbf' in unknown && !isTime(unknown['nbf']) ? 'nbf' : undefined,
        );
      }),
    );
  });

  it('are checked without an error for any value', () => {
    const claims = fc.record(Object.fromEntries(required(kind).map((claim) => [claim, fc.jsonValue()])));
    fc.assert(
      fc.property(claims, (values) => {
        const fault = faultyClaim(kind, values);
        expect(fault === undefined || required(kind).includes(fault)).toBe(true);
      }),
    );
  });

  it.each(['iss', 'jti', ...(kind === 'access' ? ['client_id'] : [])])('need a text for %s', (claim) => {
    for (const value of ['', 0, 1, true, false, [], ['text'], {}]) {
      expect([value, faultyClaim(kind, { ...GOOD[kind], [claim]: value })]).toEqual([value, claim]);
    }
  });

  it.each(['sub', 'sid'])('need a UUID for %s', (claim) => {
    const faults = [
      '',
      'x',
      ID.slice(1),
      `${ID}0`,
      ` ${ID}`,
      `${ID}\n`,
      `{${ID}}`,
      `urn:uuid:${ID}`,
      1,
      [ID],
      {},
    ];
    for (const value of [...faults, ID.replaceAll('-', ''), ID.replace('0', 'g'), true]) {
      expect([value, faultyClaim(kind, { ...GOOD[kind], [claim]: value })]).toEqual([value, claim]);
    }
  });

  it.each(['exp', 'iat', 'nbf'])('need whole seconds for %s', (claim) => {
    const faults = [
      -1,
      0.5,
      1e11,
      1e12,
      1_760_000_000_000,
      2 ** 53,
      Infinity,
      -Infinity,
      NaN,
      '1',
      '',
      true,
      [1],
      {},
    ];
    for (const value of [...faults, null]) {
      expect([value, faultyClaim(kind, { ...GOOD[kind], [claim]: value })]).toEqual([value, claim]);
    }
    for (const value of [0, 1, 1_760_000_000, 1e11 - 1]) {
      expect([value, faultyClaim(kind, { ...GOOD[kind], [claim]: value })]).toEqual([value, undefined]);
    }
  });

  it('need a text or a list of texts for aud', () => {
    for (const aud of ['', 0, true, {}, [], [''], [1], [null], ['a', ''], ['a', 1], [['a']], { 0: 'a' }]) {
      expect([aud, faultyClaim(kind, { ...GOOD[kind], aud })]).toEqual([aud, 'aud']);
    }
    for (const aud of ['other', ['a'], ['a', 'b'], ['a', 'a']]) {
      expect([aud, faultyClaim(kind, { ...GOOD[kind], aud })]).toEqual([aud, undefined]);
    }
  });

  it('need a count from one for %s'.replace('%s', kind === 'access' ? 'ver' : 'gen'), () => {
    const claim = kind === 'access' ? 'ver' : 'gen';
    for (const value of [0, -1, 1.5, Infinity, NaN, 2 ** 31, 2 ** 53, '1', '', true, [1], {}]) {
      expect([value, faultyClaim(kind, { ...GOOD[kind], [claim]: value })]).toEqual([value, claim]);
    }
    for (const value of [1, 2, 2 ** 31 - 1]) {
      expect([value, faultyClaim(kind, { ...GOOD[kind], [claim]: value })]).toEqual([value, undefined]);
    }
  });
});

describe('the scope of an access token', () => {
  it('is a text, and may be empty', () => {
    for (const scope of ['', 'users:read', 'users:read users:write']) {
      expect(faultyClaim('access', { ...GOOD.access, scope })).toBeUndefined();
    }
    for (const scope of [null, 0, true, [], ['users:read'], {}]) {
      expect(faultyClaim('access', { ...GOOD.access, scope })).toBe('scope');
    }
  });
});

describe('the kinds', () => {
  it('have the typ of RFC 9068 and two of our own', () => {
    expect(TOKEN_TYPES).toEqual({ access: 'at+jwt', refresh: 'rt+jwt', browser: 'bs+jwt' });
  });

  it('do not pass for each other', () => {
    expect(faultyClaim('access', GOOD.refresh)).toBe('client_id');
    expect(faultyClaim('refresh', GOOD.access)).toBe('gen');
    expect(faultyClaim('access', GOOD.browser)).toBe('client_id');
    expect(faultyClaim('browser', GOOD.refresh)).toBe('ver');
  });
});

function isTime(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < 1e11;
}
