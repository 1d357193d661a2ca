import { decode, mint, refreshKey } from '../tokens.js';
import { withClaims, withText, type Forgery, type Kit } from './kit.js';

const HOUR = 3600;

/** The claims with one replaced by a JSON text, for numbers that JavaScript cannot represent. */
function withRaw(kit: Kit, claim: string, json: string): string {
  const { [claim]: _, ...rest } = kit.claims;
  return withText(
    kit,
    JSON.stringify(kit.header),
    JSON.stringify(rest).replace('{', () => `{"${claim}":${json},`),
  );
}

const NO_TEXT = ['null', 'true', 'false', '0', '1', '-1', '1.5', '1e400', '[]', '{}', '[""]', '[null]'];
const NO_ID = [
  [
    '"not-a-uuid"',
    '"1"',
    '"ada@example.com"',
    '"\' OR 1=1 --"',
    '"../../users"',
    '" "',
    '"\\u0000"',
    '"null"',
  ],
  ['"0190a5d4-7c1e-7000-8000-00000000000"', '"0190a5d4-7c1e-7000-8000-0000000000000"'],
  ['"0190a5d47c1e70008000000000000000"', '"{0190a5d4-7c1e-7000-8000-000000000000}"'],
  ['"urn:uuid:0190a5d4-7c1e-7000-8000-000000000000"', '" 0190a5d4-7c1e-7000-8000-000000000000"'],
  ['"0190a5d4-7c1e-7000-8000-000000000000\\n"', '"0190a5d4-7c1e-7000-8000-00000000000g"'],
].flat();
const NO_TIME = [
  [
    'null',
    'true',
    'false',
    '""',
    '"1"',
    '"4102444800"',
    '"4102444800000"',
    '"never"',
    '"2099-01-01T00:00:00Z"',
  ],
  ['[]', '[4102444800]', '{}', '{"seconds":4102444800}', '-1', '-4102444800', '4102444800.5', '0.5', '1e-3'],
  [
    '100000000000',
    '4102444800000',
    '4102444800000000',
    '9007199254740993',
    '1e308',
    '1e400',
    '-1e400',
    '"1e9"',
  ],
].flat();
const NO_COUNT = [
  [
    'null',
    'true',
    'false',
    '""',
    '"1"',
    '[]',
    '[1]',
    '{}',
    '0',
    '-1',
    '1.5',
    '1e400',
    '-1e400',
    '9007199254740992',
  ],
].flat();
const NO_AUDIENCE = [
  ['null', 'true', 'false', '0', '1', '{}', '""', '[]', '[""]', '[null]', '[1]', '[["latchkey"]]', '[{}]'],
  ['["latchkey",""]', '["latchkey",null]', '["latchkey",1]', '{"0":"latchkey"}', '{"latchkey":true}'],
].flat();

const FAULTS: Readonly<Record<string, readonly string[]>> = {
  iss: [...NO_TEXT, '""', '["http://localhost:3000"]'],
  aud: NO_AUDIENCE,
  sub: [...NO_TEXT, '""', ...NO_ID],
  client_id: [...NO_TEXT, '""', '["first-party"]'],
  exp: NO_TIME,
  iat: NO_TIME,
  nbf: NO_TIME,
  jti: [...NO_TEXT, '""'],
  sid: [...NO_TEXT, '""', ...NO_ID],
  scope: [...NO_TEXT, '["users:read"]', '{"users:read":true}'],
  ver: NO_COUNT,
};

const REQUIRED = ['iss', 'aud', 'sub', 'client_id', 'exp', 'iat', 'jti', 'sid', 'scope', 'ver'];

/** When the header says access token and the claims name no kind, either code is correct. */
const NO_KIND = ['token_invalid', 'token_wrong_type'] as const;

const types: Forgery[] = [
  ...['refresh', 'id', 'Access', 'ACCESS', 'access ', 'access\u0000', 'access refresh', 'at+jwt'].map(
    (type): Forgery => ({
      name: `type ${JSON.stringify(type)}`,
      code: 'token_wrong_type',
      token: (kit) => withClaims(kit, { type }),
    }),
  ),
  ...[undefined, null, '', true, 0, 1, ['access'], { type: 'access' }].map((type): Forgery => ({
    name: `type ${JSON.stringify(type) ?? 'missing'}`,
    code: NO_KIND,
    token: (kit) => withClaims(kit, { type }),
  })),
  {
    name: 'neither type nor typ',
    code: 'token_invalid',
    token: ({ header, claims, secret }) =>
      mint({ ...header, typ: undefined }, { ...claims, type: undefined }, secret),
  },
  {
    name: 'no type and the typ JWT',
    code: 'token_invalid',
    token: ({ header, claims, secret }) =>
      mint({ ...header, typ: 'JWT' }, { ...claims, type: undefined }, secret),
  },
];

/** A refresh token that is changed step by step into an access token. */
const refresh: Forgery[] = [
  { name: 'a refresh token for a bearer token', code: 'token_wrong_type', token: (kit) => kit.refresh },
  {
    name: 'a refresh token that says at+jwt',
    code: 'token_wrong_type',
    token: (kit) => mint(kit.header, decode(kit.refresh).claims, kit.secret),
  },
  {
    name: 'a refresh token that says type access',
    code: 'token_wrong_type',
    token: (kit) => {
      const { header, claims } = decode(kit.refresh);
      return mint(header, { ...claims, type: 'access' }, refreshKey(kit.secret));
    },
  },
  {
    name: 'a refresh token that says at+jwt and type access, without an access token’s claims',
    code: 'token_invalid',
    token: (kit) => mint(kit.header, { ...decode(kit.refresh).claims, type: 'access' }, kit.secret),
  },
  {
    name: 'an access token signed with the key of refresh tokens',
    code: 'token_invalid',
    token: (kit) =>
      mint({ ...kit.header, kid: decode(kit.refresh).header['kid'] }, kit.claims, refreshKey(kit.secret)),
  },
  {
    name: 'an expired refresh token',
    code: 'token_wrong_type',
    token: (kit) => {
      const { header, claims } = decode(kit.refresh);
      return mint(header, { ...claims, exp: kit.now - HOUR }, refreshKey(kit.secret));
    },
  },
];

const TIMES: ReadonlyArray<readonly [name: string, code: Forgery['code'], claims: (now: number) => object]> =
  [
    ['that expires now', 'token_expired', (now) => ({ exp: now })],
    ['that expired a second ago', 'token_expired', (now) => ({ exp: now - 1 })],
    ['that expired within the leeway', 'token_expired', (now) => ({ exp: now - 3 })],
    ['that expired an hour ago', 'token_expired', (now) => ({ exp: now - HOUR })],
    ['that expired ten years ago', 'token_expired', (now) => ({ exp: now - 10 * 365 * 24 * HOUR })],
    ['that expired in 1970', 'token_expired', () => ({ exp: 1 })],
    ['whose exp is 0', 'token_expired', () => ({ exp: 0 })],
    ['whose nbf is an hour ahead', 'token_not_yet_valid', (now) => ({ nbf: now + HOUR })],
    ['whose nbf is beyond the leeway', 'token_not_yet_valid', (now) => ({ nbf: now + 60 })],
    [
      'whose iat is an hour ahead',
      'token_not_yet_valid',
      (now) => ({ iat: now + HOUR, exp: now + 2 * HOUR }),
    ],
    ['whose iat is beyond the leeway', 'token_not_yet_valid', (now) => ({ iat: now + 60 })],
    ['issued ahead, whose nbf is past', 'token_not_yet_valid', (now) => ({ iat: now + 60, nbf: now - 60 })],
    ['whose nbf is in the last century to come', 'token_not_yet_valid', () => ({ nbf: 99_999_999_999 })],
  ];

const ISSUERS = [
  ['http://localhost:3001', 'http://localhost:3000/', 'https://localhost:3000', 'HTTP://localhost:3000', ' '],
  [
    'http://localhost:3000 ',
    'http://localhost',
    'localhost:3000',
    'http://localhost:3000#a',
    'http://LOCALHOST:3000',
  ],
  [
    'http://localhost:3000\u0000',
    'http://127.0.0.1:3000',
    'latchkey',
    '*',
    'http://localhost:3000.example.com',
  ],
].flat();
const AUDIENCES: readonly unknown[] = [
  [
    'other',
    'Latchkey',
    'LATCHKEY',
    'latchkey ',
    ' latchkey',
    'latchkey/',
    'latchkey\u0000',
    'latch',
    'latchkeys',
  ],
  ['*', 'latchkey,other', 'latchkey other', 'http://localhost:3000', 'l\u0430tchkey'],
  [['other'], ['other', 'another'], ['Latchkey'], ['latchkey '], ['*']],
].flat();

export const CLAIM_FORGERIES: readonly Forgery[] = [
  ...REQUIRED.map((claim): Forgery => ({
    name: `without ${claim}`,
    code: 'token_invalid',
    token: (kit) => withClaims(kit, { [claim]: undefined }),
  })),
  ...Object.entries(FAULTS).flatMap(([claim, faults]) =>
    faults.map((json): Forgery => ({
      name: `${claim} ${json}`,
      code: 'token_invalid',
      token: (kit) => withRaw(kit, claim, json),
    })),
  ),
  ...TIMES.map(([name, code, claims]): Forgery => ({
    name,
    code,
    token: (kit) => withClaims(kit, claims(kit.now)),
  })),
  { name: 'whose exp is -0', code: 'token_expired', token: (kit) => withRaw(kit, 'exp', '-0') },
  ...ISSUERS.map((iss): Forgery => ({
    name: `the issuer ${JSON.stringify(iss)}`,
    code: 'token_wrong_issuer',
    token: (kit) => withClaims(kit, { iss }),
  })),
  ...AUDIENCES.map((aud): Forgery => ({
    name: `the audience ${JSON.stringify(aud)}`,
    code: 'token_wrong_audience',
    token: (kit) => withClaims(kit, { aud }),
  })),
  ...types,
  ...refresh,
];
