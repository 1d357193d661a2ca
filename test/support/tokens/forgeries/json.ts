import { signedParts, withText, type Forgery, type Kit } from './kit.js';

const PARTS = ['header', 'claims'] as const;
type Part = (typeof PARTS)[number];

/** Changes that turn the text of a JSON object into something else. */
const DAMAGED: Readonly<Record<string, (json: string) => string>> = {
  'in a list': (json) => `[${json}]`,
  'as a string': (json) => JSON.stringify(json),
  'twice in a row': (json) => json + json,
  'followed by a letter': (json) => `${json}x`,
  'followed by NUL': (json) => `${json}\u0000`,
  'followed by a brace': (json) => `${json}}`,
  'followed by a comma': (json) => `${json},`,
  'followed by a comment': (json) => `${json}/* */`,
  'preceded by a comment': (json) => `//x\n${json}`,
  'preceded by NUL': (json) => `\u0000${json}`,
  'preceded by a guard against inclusion': (json) => `)]}',\n${json}`,
  'preceded by a byte order mark': (json) => `\ufeff${json}`,
  'followed by a byte order mark': (json) => `${json}\ufeff`,
  'preceded by a non-breaking blank': (json) => `\u00a0${json}`,
  'without its last brace': (json) => json.slice(0, -1),
  'without its first brace': (json) => json.slice(1),
  'cut in the middle': (json) => json.slice(0, json.length / 2),
  'with a comma too many': (json) => `${json.slice(0, -1)},}`,
  'with single quotation marks': (json) => json.replaceAll('"', "'"),
  'with bare keys': (json) => json.replaceAll(/"(\w+)":/g, '$1:'),
  'with a line end in a string': (json) => json.replace('":"', '":"\n'),
  'with a bad escape': (json) => json.replace('{', '{"a":"\\x41",'),
  'with half an escape': (json) => json.replace('{', '{"a":"\\u00",'),
  'with a number that starts with zero': (json) => json.replace('{', '{"a":01,'),
  'with a number in hexadecimal': (json) => json.replace('{', '{"a":0x1,'),
  'with NaN': (json) => json.replace('{', '{"a":NaN,'),
  'with Infinity': (json) => json.replace('{', '{"a":Infinity,'),
  'with undefined': (json) => json.replace('{', '{"a":undefined,'),
  'with True': (json) => json.replace('{', '{"a":True,'),
  'as an empty list': () => '[]',
  'as null': () => 'null',
  'as true': () => 'true',
  'as a number': () => '1',
  'as an empty string': () => '""',
  'as a blank': () => ' ',
  'as a brace': () => '{',
  'as YAML': () => 'alg: HS256',
  'as lists 3000 deep': () => '['.repeat(1500) + ']'.repeat(1500),
  'as lists 2500 deep that stay open': () => '['.repeat(2500),
  'as objects 600 deep that stay open': () => '{"a":'.repeat(600),
};

const UTF8: Readonly<Record<string, readonly number[]>> = {
  'a lone continuation byte': [0x80],
  'a first byte without its second': [0xc3],
  'an overlong full stop': [0xc0, 0xae],
  'an overlong NUL': [0xc0, 0x80],
  'a lone surrogate': [0xed, 0xa0, 0x80],
  'a pair of surrogates': [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80],
  'a code point beyond the last': [0xf4, 0x90, 0x80, 0x80],
  'the byte FF': [0xff],
  'the byte FE': [0xfe],
};

function texts(kit: Kit): Record<Part, string> {
  return { header: JSON.stringify(kit.header), claims: JSON.stringify(kit.claims) };
}

function withPart(kit: Kit, part: Part, change: (json: string) => string | Buffer): string {
  const parts: Record<Part, string | Buffer> = { ...texts(kit) };
  parts[part] = change(texts(kit)[part]);
  return withText(kit, parts.header, parts.claims);
}

function withBytes(json: string, bytes: readonly number[]): Buffer {
  return Buffer.concat([Buffer.from('{"a":"'), Buffer.from(bytes), Buffer.from(`",${json.slice(1)}`)]);
}

function utf16(json: string, bigEndian: boolean): Buffer {
  const bytes = Buffer.from(`\ufeff${json}`, 'utf16le');
  return bigEndian ? bytes.swap16() : bytes;
}

const HEADER_KEYS = ['alg', 'typ', 'kid'];
const CLAIM_KEYS = ['iss', 'aud', 'sub', 'client_id', 'exp', 'iat', 'jti', 'sid', 'type', 'scope', 'ver'];

/** The ways to duplicate a key. One of the two values is always the valid one. */
const DUPLICATES: Readonly<Record<string, (json: string, key: string, value: string) => string>> = {
  'is duplicated': (json, key, value) => json.replace('{', `{"${key}":${value},`),
  'is duplicated, null first': (json, key) => json.replace('{', `{"${key}":null,`),
  'is duplicated, null last': (json, key) => `${json.slice(0, -1)},"${key}":null}`,
  'is duplicated, once with an escape': (json, key, value) =>
    json.replace('{', `{"${escaped(key)}":${value},`),
  'appears three times': (json, key, value) => json.replace('{', `{"${key}":${value},"${key}":${value},`),
};

function escaped(key: string): string {
  return `\\u${key.charCodeAt(0).toString(16).padStart(4, '0')}${key.slice(1)}`;
}

const duplicates: Forgery[] = PARTS.flatMap((part) =>
  (part === 'header' ? HEADER_KEYS : CLAIM_KEYS).flatMap((key) =>
    Object.entries(DUPLICATES).map(([name, change]): Forgery => ({
      name: `${key} in the ${part} ${name}`,
      code: 'token_invalid',
      token: (kit) => withPart(kit, part, (json) => change(json, key, JSON.stringify(kit[part][key]))),
    })),
  ),
);

const NESTED: Readonly<Record<string, string>> = {
  'an unknown member twice': '"x":1,"x":1',
  'an empty key twice': '"":1,"":2',
  'a key twice in an object of its own': '"x":{"a":1,"a":2}',
  'a key twice in an object in a list': '"x":[{"a":1,"a":1}]',
  'a key twice, once with an escaped quotation mark': '"a\\"":1,"a\\u0022":2',
  'a key twice, once with an escaped backslash': '"a\\\\":1,"a\\u005c":2',
  'a key twice, once with an escaped solidus': '"a/":1,"a\\/":2',
  'a key twice that holds braces': '"}{":1,"}{":2',
  '__proto__ twice': '"__proto__":1,"__proto__":2',
};

const nested: Forgery[] = PARTS.flatMap((part) =>
  Object.entries(NESTED).map(([name, members]): Forgery => ({
    name: `${part} with ${name}`,
    code: 'token_invalid',
    token: (kit) => withPart(kit, part, (json) => json.replace('{', () => `{${members},`)),
  })),
);

const inherited: Forgery[] = [
  {
    name: 'a header whose members are all inherited',
    code: 'token_invalid',
    token: (kit) => withText(kit, `{"__proto__":${texts(kit).header}}`, texts(kit).claims),
  },
  {
    name: 'an empty header',
    code: 'token_invalid',
    token: (kit) => withText(kit, '{}', texts(kit).claims),
  },
  {
    name: 'claims whose members are all inherited',
    code: ['token_invalid', 'token_wrong_type'],
    token: (kit) => withText(kit, texts(kit).header, `{"__proto__":${texts(kit).claims}}`),
  },
  {
    name: 'empty claims',
    code: ['token_invalid', 'token_wrong_type'],
    token: (kit) => withText(kit, texts(kit).header, '{}'),
  },
  ...PARTS.map((part): Forgery => ({
    name: `${part} encoded twice`,
    code: 'token_invalid',
    token: (kit) => {
      const once = texts(kit);
      const encoded = (name: Part) => Buffer.from(once[name]).toString('base64url');
      const again = { header: encoded('header'), claims: encoded('claims') };
      again[part] = Buffer.from(again[part]).toString('base64url');
      return signedParts(kit, again.header, again.claims);
    },
  })),
];

export const JSON_FORGERIES: readonly Forgery[] = [
  ...PARTS.flatMap((part) => [
    ...Object.entries(DAMAGED).map(([name, change]): Forgery => ({
      name: `${part} ${name}`,
      code: 'token_invalid',
      token: (kit) => withPart(kit, part, change),
    })),
    ...Object.entries(UTF8).map(([name, bytes]): Forgery => ({
      name: `${part} with ${name}`,
      code: 'token_invalid',
      token: (kit) => withPart(kit, part, (json) => withBytes(json, bytes)),
    })),
    ...[true, false].map((bigEndian): Forgery => ({
      name: `${part} in UTF-16 with the ${bigEndian ? 'high' : 'low'} byte first`,
      code: 'token_invalid',
      token: (kit) => withPart(kit, part, (json) => utf16(json, bigEndian)),
    })),
  ]),
  ...duplicates,
  ...nested,
  ...inherited,
];
