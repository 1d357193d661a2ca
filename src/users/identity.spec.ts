import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { z } from 'zod';
import {
  emailField,
  emailKeyOf,
  fullNameField,
  identityKey,
  nameKeys,
  passwordField,
  usernameField,
} from './identity.js';
import { anyText } from '../../test/support/fuzz/any-text.js';

function accepts(schema: z.ZodType, value: unknown): boolean {
  return schema.safeParse(value).success;
}

describe('the key of a name', () => {
  it.each([
    ['Ada@Example.COM', 'ada@example.com'],
    ['\uff41da', 'ada'],
    ['\ufb01ne', 'fine'],
    ['\u212aim', 'kim'],
    ['\u00c5sa', 'a\u030asa'],
    ['\u2160', 'i'],
    ['\u1e9e', '\u00df'],
  ])('is one for spellings that look the same: %s and %s', (one, other) => {
    expect(identityKey(one)).toBe(identityKey(other));
  });

  it('is its own key, whatever form the name was normalized to before', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }), (name) => {
        const key = identityKey(name);
        expect(identityKey(key)).toBe(key);
        for (const form of ['NFC', 'NFD', 'NFKC', 'NFKD'])
          expect(identityKey(name.normalize(form))).toBe(key);
      }),
      { numRuns: 1000 },
    );
  });

  it('is one for every case of an ASCII name', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9._-]{3,20}$/), (name) => {
        expect(identityKey(name.toUpperCase())).toBe(identityKey(name.toLowerCase()));
      }),
    );
  });
});

describe('an e-mail address', () => {
  it.each([
    'ada@example.com',
    'a@b.co',
    "o'neil+tag_1-x.y@sub.example.co.uk",
    'ünï@exämple.de',
    '用户@例子.公司',
    'info@डाटामेल.भारत',
    'ยูสเซอร์@โดเมน.ไทย',
    'ada@xn--bcher-kva.example',
    'ada@نامه\u200cای.example',
    ' ada@example.com',
    'ada@example.com\n',
    '\u3000ada@example.com\u00a0',
    `${'a'.repeat(64)}@example.com`,
  ])('is taken: %s', (address) => {
    expect(accepts(emailField, address)).toBe(true);
  });

  it.each([
    '',
    'ada',
    '@example.com',
    'ada@',
    'ada@example',
    'a@b@example.com',
    'ada @example.com',
    '.ada@example.com',
    'ada.@example.com',
    'a..b@example.com',
    'ada@-example.com',
    'ada@example-.com',
    'ada@.com',
    'ada@example..com',
    'ada@exam_ple.com',
    'ada@example.com.',
    'ada@[127.0.0.1]',
    'ada@127.0.0.1',
    'ada@0x7f.1',
    'ada@a.0x1',
    'ada@xn--a.example',
    'ada@xn--ss-.example',
    'ada@exam%70le.com',
    'ada@example.com#x',
    'ada@a\u00adb.example',
    'ada@a\u200db.example',
    'a\u3164b@example.com',
    'a\u034fb@example.com',
    '\u0301ada@example.com',
    '"ada"@example.com',
    'ada<x>@example.com',
    'ada\u0000@example.com',
    'ada\n@example.com',
    'ada\ud800@example.com',
    'a\u3000b@example.com',
    'ada\uff20example.com@x',
    `${'a'.repeat(65)}@example.com`,
    `a@${'b'.repeat(64)}.com`,
    `a@${'b.'.repeat(126)}com`,
  ])('is refused: %j', (address) => {
    expect(accepts(emailField, address)).toBe(false);
  });

  it('is normalized to NFKC before its length and its @ are checked', () => {
    expect(emailField.parse('\uff41da\uff20example.com')).toBe('ada@example.com');
    expect(accepts(emailField, `${'\ufdfa'.repeat(60)}@example.com`)).toBe(false);
  });
});

describe('the key of an e-mail address', () => {
  it.each([
    ['ada@bücher.example', 'ada@xn--bcher-kva.example'],
    ['ada@bücher.example', 'Ada@XN--BCHER-KVA.Example'],
    ['ada@bücher.example', 'ada@BÜCHER.example'],
    ['ada@bücher.example', ' ada@bu\u0308cher.example\t'],
    ['info@डाटामेल.भारत', 'info@xn--c2bd4bq1db8d.xn--h2brj9c'],
    ['ada@straße.example', 'ada@xn--strae-oqa.example'],
  ])('is one for the spellings of a domain: %s and %j', (one, other) => {
    expect(emailKeyOf(other)).toBe(emailKeyOf(one));
  });

  it.each([
    ['ada@straße.example', 'ada@strasse.example'],
    ['ada@xn--ss-.example', 'ada@ss.example'],
    ['ada@127.0.0.1', 'ada@0x7f.1'],
  ])('differs for different domains: %s and %s', (one, other) => {
    expect(emailKeyOf(other)).not.toBe(emailKeyOf(one));
  });

  it('is its own key', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }), (name) => {
        const key = emailKeyOf(`a@${name}.example`);
        expect(emailKeyOf(key)).toBe(key);
      }),
      { numRuns: 1000 },
    );
  });

  it('comes after the plain key in a login, under which an older account may be', () => {
    expect(nameKeys(' Ada@xn--bcher-kva.example ')).toEqual({
      emailKeys: ['ada@xn--bcher-kva.example', 'ada@bücher.example'],
    });
    expect(nameKeys('Ada@Example.com')).toEqual({ emailKeys: ['ada@example.com'] });
    expect(nameKeys(' Ada ')).toEqual({ usernameKey: 'ada' });
  });
});

describe('a user name', () => {
  it.each([
    'ada',
    'a.b',
    'a_b-c.9',
    '123',
    'Åsa',
    '日本語',
    'tanaka太郎',
    'हिन्दी',
    'ยูสเซอร์',
    'נעמי',
    'a'.repeat(64),
  ])('is taken: %s', (name) => {
    expect(accepts(usernameField, name)).toBe(true);
  });

  it.each([
    '',
    'ab',
    'adm\u3164in',
    'adm\u115fin',
    'adm\uffa0in',
    'ad\u00admin',
    'ad\u034fmin',
    'ad\ufe0fmin',
    'ad\u200dmin',
    'ad\u{e0101}min',
    '\u0430dmin',
    'admi\u03b7',
    'p\u0430ypal',
    'ad\u13a0min',
    '\u0301ada',
    'a\u0301\u0301bc',
    'ab\u0301\u0302\u0303\u0304\u0305c',
    'a'.repeat(65),
    'ada@example.com',
    '\uff20ada',
    'a b',
    '.ada',
    'ada.',
    '-ada',
    'a/b',
    'a%b',
    '<ada>',
    'a\u0000b',
    'a\u200bb',
    'a\u202eb',
    'ad\ud800',
    '\u{1f511}\u{1f511}\u{1f511}',
  ])('is refused: %j', (name) => {
    expect(accepts(usernameField, name)).toBe(false);
  });

  it('contains no @, so that a login names either an address or a user name', () => {
    fc.assert(
      fc.property(anyText({ maxLength: 20 }), (name) => {
        const parsed = usernameField.safeParse(`${name}@x`);
        expect(parsed.success).toBe(false);
      }),
    );
  });

  it('has at most 64 characters after normalization', () => {
    expect(accepts(usernameField, '\ufdfa'.repeat(20))).toBe(false);
  });
});

describe('other fields', () => {
  it.each([
    ['a name of one', fullNameField, 'A', true],
    ['a name of 200', fullNameField, 'x'.repeat(200), true],
    ['a name of 201', fullNameField, 'x'.repeat(201), false],
    ['no name', fullNameField, '', false],
    ['a name with a tab', fullNameField, 'A\tda', false],
    ['a password of one', passwordField, 'x', true],
    ['a password of 4096', passwordField, 'x'.repeat(4096), true],
    ['a password of 4097', passwordField, 'x'.repeat(4097), false],
    ['a password with NUL', passwordField, 'pass\u0000word', false],
    ['a password with spaces and signs', passwordField, ' a "b" \u{1f511} ', true],
  ])('%s', (_, schema, value, accepted) => {
    expect(accepts(schema, value)).toBe(accepted);
  });
});
