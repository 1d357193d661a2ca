import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { parseToken, TOKEN_MAX_BYTES } from './token-shape.js';
import { anyText } from '../../../test/support/fuzz/any-text.js';

const SIGNATURE = Buffer.alloc(32, 7).toString('base64url');

function part(value: string | Buffer): string {
  return Buffer.from(value).toString('base64url');
}
function token(header: string | Buffer, claims: string | Buffer): string {
  return `${part(header)}.${part(claims)}.${SIGNATURE}`;
}

const THREE = { malformed: 'not three parts' };
const SPELLING = { malformed: 'not canonical base64url' };
const OBJECTS = { malformed: 'not JSON objects with unique keys' };
const LENGTH = { malformed: 'longer than 8 KiB' };

describe('a well-formed token', () => {
  it('is parsed without a check of its content', () => {
    expect(parseToken(token('{"alg":"none"}', '{"exp":"never"}'))).toEqual({
      header: { alg: 'none' },
      claims: { exp: 'never' },
    });
  });

  it('may hold any JSON object', () => {
    const value = fc.dictionary(fc.string(), fc.jsonValue(), { noNullPrototype: true });
    fc.assert(
      fc.property(value, value, (header, claims) => {
        const text = token(JSON.stringify(header), JSON.stringify(claims));
        fc.pre(text.length <= TOKEN_MAX_BYTES);
        const shaped = parseToken(text);
        expect(shaped).toEqual({
          header: JSON.parse(JSON.stringify(header)) as unknown,
          claims: JSON.parse(JSON.stringify(claims)) as unknown,
        });
      }),
    );
  });

  it('may be 8 KiB long, and no longer', () => {
    const start = `${part('{}')}.${part('{}')}.`;
    // The largest length at which base64url is canonical without unused bits is a multiple of four.
    const room = TOKEN_MAX_BYTES - start.length;
    expect(parseToken(start + 'A'.repeat(room - (room % 4)))).toEqual({ header: {}, claims: {} });
    expect(parseToken(start + 'A'.repeat(room + 1))).toEqual(LENGTH);
    expect(parseToken('.'.repeat(1_000_000))).toEqual(LENGTH);
  });
});

describe('a token is malformed', () => {
  it.each(['', '.', 'a', 'a.a', 'a.a.a.a', 'a.a.a.a.a', `${token('{}', '{}')}.`])(
    'when it does not have three parts: %j',
    (text) => {
      expect(parseToken(text)).toEqual(THREE);
    },
  );

  it.each([
    '..',
    `.${part('{}')}.${SIGNATURE}`,
    `${part('{}')}..${SIGNATURE}`,
    `${part('{}')}.${part('{}')}.`,
  ])('when a part is empty: %j', (text) => {
    expect(parseToken(text)).toEqual(SPELLING);
  });

  it.each(['=', '==', '+', '/', ' ', '\n', '\r\n', '\t', '\0', '!', 'é', '🗝', '%3D', '"', ','])(
    'when a part holds %j, in any position',
    (alien) => {
      const parts = [part('{}'), part('{}'), SIGNATURE];
      for (const at of [0, 1, 2]) {
        for (const change of [(text: string) => text + alien, (text: string) => alien + text]) {
          const changed = parts.map((text, index) => (index === at ? change(text) : text)).join('.');
          expect(parseToken(changed)).toEqual(SPELLING);
        }
      }
    },
  );

  it('when a part is another spelling of the same bytes', () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 70 });
    fc.assert(
      fc.property(bytes, fc.constantFrom(...alphabet.split('')), (signature, last) => {
        const good = part(Buffer.from(signature));
        const text = good.slice(0, -1) + last;
        const sameBytes = Buffer.from(text, 'base64url').equals(signature);
        const shaped = parseToken(`${part('{}')}.${part('{}')}.${text}`);
        expect('header' in shaped && sameBytes).toBe(text === good);
      }),
    );
  });

  it.each(['A', 'AAAAA'])('when a part has a length that base64url never has: %j', (text) => {
    expect(parseToken(`${part('{}')}.${part('{}')}.${text}`)).toEqual(SPELLING);
  });

  it.each([
    '',
    '[]',
    '[{}]',
    'null',
    'true',
    '1',
    '"{}"',
    '{',
    '{}}',
    '{}{}',
    '{},',
    '{a:1}',
    "{'a':1}",
    '{"a":01}',
  ])('when header or claims are not a JSON object: %j', (json) => {
    const found = json === '' ? SPELLING : OBJECTS;
    expect(parseToken(token(json, '{}'))).toEqual(found);
    expect(parseToken(token('{}', json))).toEqual(found);
  });

  it.each(['{"a":1,"a":1}', '{"a":1,"\\u0061":2}', '{"x":{"a":1,"a":2}}', '{"x":[{"a":1,"a":2}]}'])(
    'when a key is duplicated: %j',
    (json) => {
      expect(parseToken(token(json, '{}'))).toEqual(OBJECTS);
      expect(parseToken(token('{}', json))).toEqual(OBJECTS);
    },
  );

  it.each([
    ['a byte order mark', [0xef, 0xbb, 0xbf, 0x7b, 0x7d]],
    ['UTF-16', [0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00]],
    ['a lone byte', [0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0x80, 0x22, 0x7d]],
    ['an overlong character', [0x7b, 0x22, 0xc1, 0xa1, 0x22, 0x3a, 0x31, 0x7d]],
    ['a surrogate', [0x7b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x3a, 0x31, 0x7d]],
    ['NUL after the end', [0x7b, 0x7d, 0x00]],
  ])('when header or claims hold %s', (_name, bytes) => {
    expect(parseToken(token(Buffer.from(bytes), '{}'))).toEqual(OBJECTS);
    expect(parseToken(token('{}', Buffer.from(bytes)))).toEqual(OBJECTS);
  });

  it('when its JSON is deep and unfinished, without an error', () => {
    const deep = '['.repeat(3000);
    expect(parseToken(token('{}', `{"a":${deep}`))).toEqual(OBJECTS);
    expect(parseToken(token('{}', `{"a":${deep}${']'.repeat(3000)}}`))).toMatchObject({ header: {} });
  });
});

describe('any text', () => {
  it('is parsed without an error', () => {
    const texts = fc.oneof(
      anyText(),
      fc.array(anyText()).map((parts) => parts.join('.')),
      fc.tuple(fc.string(), fc.string()).map(([header, claims]) => token(header, claims)),
      fc.tuple(fc.uint8Array(), fc.uint8Array()).map(([a, b]) => token(Buffer.from(a), Buffer.from(b))),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const shaped = parseToken(text);
        expect('malformed' in shaped || ('header' in shaped && 'claims' in shaped)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('may have a key __proto__, which reaches no prototype', () => {
    const shaped = parseToken(token('{"__proto__":{"alg":"HS256"}}', '{"__proto__":{"sub":"x"}}'));
    if ('malformed' in shaped) throw new Error(shaped.malformed);
    expect([shaped.header['alg'], shaped.claims['sub']]).toEqual([undefined, undefined]);
    expect(({} as Record<string, unknown>)['alg']).toBeUndefined();
  });
});
