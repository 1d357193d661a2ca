import { createHash, createHmac } from 'node:crypto';
import { mint } from '../tokens.js';
import { macOver, signedParts, withClaims, type Forgery, type Kit } from './kit.js';

/** The codes for a byte that HTTP allows and no token contains; either part of the service may refuse it. */
const MALFORMED = ['token_invalid', 'authorization_malformed'] as const;
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** The part with other unused bits in its last character: it decodes to the same bytes. */
function respelt(part: string, by: number): string {
  return part.slice(0, -1) + ALPHABET[ALPHABET.indexOf(part.at(-1) ?? '') ^ by];
}

/** The valid token with a changed signature, as text or as bytes. */
function resigned({ access }: Kit, change: (signature: string) => string): string {
  const at = access.lastIndexOf('.') + 1;
  return access.slice(0, at) + change(access.slice(at));
}
function bytes(kit: Kit, change: (signature: Buffer) => Buffer): string {
  return resigned(kit, (signature) => change(Buffer.from(signature, 'base64url')).toString('base64url'));
}
function flipped(kit: Kit, bit: number): string {
  return bytes(kit, (signature) => {
    signature[bit >> 3] = (signature[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    return signature;
  });
}

/** A valid token whose signature contains characters that differ between base64url and plain base64. */
function withUrlCharacters(kit: Kit): string {
  for (let salt = 0; ; salt++) {
    const token = withClaims(kit, { salt });
    if (/[-_][^.]*$/.test(token)) return token;
  }
}

const asText: Record<string, (signature: string, kit: Kit) => string> = {
  'no signature': () => '',
  'a signature short of one character': (s) => s.slice(0, -1),
  'a signature short of two characters': (s) => s.slice(0, -2),
  'a signature short of four characters': (s) => s.slice(0, -4),
  'a signature short of its first character': (s) => s.slice(1),
  'half a signature': (s) => s.slice(0, 20),
  'one character for a signature': (s) => s.slice(0, 1),
  'a signature and one character more': (s) => `${s}Q`,
  'a signature and two characters more': (s) => `${s}AA`,
  'a signature and four characters more': (s) => `${s}AAAA`,
  'a signature twice': (s) => s + s,
  'a signature in lower case': (s) => s.toLowerCase(),
  'a signature in upper case': (s) => s.toUpperCase(),
  'a signature backwards': (s) => s.split('').toReversed().join(''),
  'a signature in hexadecimal': (s) => Buffer.from(s, 'base64url').toString('hex'),
  'a signature encoded twice': (s) => Buffer.from(s).toString('base64url'),
  'the last character of the signature spelt otherwise (1)': (s) => respelt(s, 1),
  'the last character of the signature spelt otherwise (2)': (s) => respelt(s, 2),
  'the last character of the signature spelt otherwise (3)': (s) => respelt(s, 3),
  'a padded signature': (s) => `${s}=`,
  'a signature padded twice': (s) => `${s}==`,
  'a signature padded in a URL’s way': (s) => `${s}%3D`,
  'padding before the signature': (s) => `=${s}`,
  'an exclamation mark in the signature': (s) => `${s.slice(0, 9)}!${s.slice(9)}`,
  'a letter beyond ASCII in the signature': (s) => `${s}\u00e9`,
  'a comma after the signature': (s) => `${s},`,
  'a semicolon after the signature': (s) => `${s};a=b`,
  'a quotation mark after the signature': (s) => `${s}"`,
  'the word null for a signature': () => 'null',
  'the header for a signature': (_, { access }) => access.split('.')[0] ?? '',
  'the signature of the refresh token': (_, { refresh }) => refresh.split('.')[2] ?? '',
};

const asBytes: Record<string, (signature: Buffer) => Buffer> = {
  'a signature of 30 bytes': (s) => s.subarray(0, 30),
  'a signature of 16 bytes': (s) => s.subarray(0, 16),
  'a signature of one byte': (s) => s.subarray(0, 1),
  'a signature of 33 bytes': (s) => Buffer.concat([s, Buffer.alloc(1)]),
  'a signature with a zero byte before it': (s) => Buffer.concat([Buffer.alloc(1), s]),
  'a signature of 64 bytes': (s) => Buffer.concat([s, s]),
  'a signature of 4 KiB': (s) => Buffer.concat(Array.from({ length: 128 }, () => s)),
  'a signature of zeros': () => Buffer.alloc(32),
  'a signature of ones': () => Buffer.alloc(32, 255),
  'a signature of two zero bytes': () => Buffer.alloc(2),
};

/** Other keys that a confused implementation might take for the secret. */
const keys: Record<string, (kit: Kit) => string> = {
  'another secret': ({ attacker }) => attacker.secret,
  'the secret and a line end': ({ secret }) => `${secret}\n`,
  'the secret and a blank': ({ secret }) => `${secret} `,
  'the secret in upper case': ({ secret }) => secret.toUpperCase(),
  'the first half of the secret': ({ secret }) => secret.slice(0, 32),
  'the secret in base64': ({ secret }) => Buffer.from(secret).toString('base64'),
  'the secret in quotation marks': ({ secret }) => `"${secret}"`,
  'the key id': ({ kid }) => kid,
  'the word secret': () => 'secret',
  'the word undefined': () => 'undefined',
  nothing: () => '',
};

/** Wrong inputs for the MAC. */
const inputs: Record<string, (kit: Kit, header: string, claims: string) => string> = {
  'the claims alone': (_, __, claims) => claims,
  'the header alone': (_, header) => header,
  'the parts in the wrong order': (_, header, claims) => `${claims}.${header}`,
  'the parts without the full stop': (_, header, claims) => header + claims,
  'the decoded parts': (kit) => `${JSON.stringify(kit.header)}.${JSON.stringify(kit.claims)}`,
  'an unencoded payload': (kit, header) => `${header}.${JSON.stringify(kit.claims)}`,
  nothing: () => '',
};

function over(kit: Kit, input: (kit: Kit, header: string, claims: string) => string): string {
  const [header = '', claims = ''] = kit.access.split('.');
  return `${header}.${claims}.${macOver(kit, input(kit, header, claims)).toString('base64url')}`;
}

function forgeries<T>(
  table: Record<string, T>,
  prefix: string,
  token: (kit: Kit, row: T) => string,
): Forgery[] {
  return Object.entries(table).map(([name, row]) => ({
    name: prefix + name,
    code: 'token_invalid',
    token: (kit) => token(kit, row),
  }));
}

/** A part in a spelling with unused bits set, signed in that spelling: the signature is valid, the encoding is not. */
function signedRespelling(kit: Kit, part: 'header' | 'claims', change: (part: string) => string): string {
  const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  let pad = '';
  // A part has unused bits unless its length in bytes is a multiple of three.
  while (Buffer.byteLength(JSON.stringify({ ...kit[part], pad })) % 3 === 0) pad += 'x';
  const changed = change(encoded({ ...kit[part], pad }));
  return part === 'header'
    ? signedParts(kit, changed, encoded(kit.claims))
    : signedParts(kit, encoded(kit.header), changed);
}

const respellings: Forgery[] = (['header', 'claims'] as const).flatMap((part): Forgery[] => [
  {
    name: `${part} whose last character is spelt otherwise under a good signature`,
    code: 'token_invalid',
    token: (kit) => signedRespelling(kit, part, (text) => respelt(text, 1)),
  },
  {
    name: `padded ${part} under a good signature`,
    code: 'token_invalid',
    token: (kit) => signedRespelling(kit, part, (text) => text + '='.repeat((4 - (text.length % 4)) % 4)),
  },
  {
    name: `${part} in plain base64 under a good signature`,
    code: 'token_invalid',
    token: (kit) => {
      const odd = { ...kit[part], salt: '>>>???>>>???>>>???' };
      const parts = { header: kit.header, claims: kit.claims, [part]: odd };
      const [header, claims] = [parts.header, parts.claims].map((value) =>
        Buffer.from(JSON.stringify(value)).toString(value === odd ? 'base64' : 'base64url'),
      );
      return signedParts(kit, header ?? '', claims ?? '');
    },
  },
]);

const plain: Forgery[] = [
  {
    name: 'a signature in plain base64',
    code: 'token_invalid',
    token: (kit) =>
      withUrlCharacters(kit).replace(/[^.]*$/, (s) => s.replaceAll('-', '+').replaceAll('_', '/')),
  },
  {
    name: 'a non-breaking blank after the signature',
    code: MALFORMED,
    token: ({ access }) => `${access}\u00a0`,
  },
  ...['.', ' .', '. '].map((blank): Forgery => ({
    name: `a token with ${JSON.stringify(blank)} before its signature`,
    code: blank === '.' ? 'token_invalid' : 'authorization_malformed',
    token: ({ access }) => access.replace(/\.(?=[^.]*$)/, blank === '.' ? '..' : blank),
  })),
  {
    name: 'a tab in the signature',
    code: 'authorization_malformed',
    token: (kit) => resigned(kit, (s) => `${s.slice(0, 9)}\t${s.slice(9)}`),
  },
  {
    name: 'a blank in the signature',
    code: 'authorization_malformed',
    token: (kit) => resigned(kit, (s) => `${s.slice(0, 9)} ${s.slice(9)}`),
  },
  {
    name: 'a hash for a signature',
    code: 'token_invalid',
    token: (kit) => resigned(kit, () => createHash('sha256').update(kit.access).digest('base64url')),
  },
  {
    name: 'the bytes behind the secret for a key',
    code: 'token_invalid',
    token: (kit) => {
      const input = kit.access.replace(/\.[^.]*$/, '');
      const key = Buffer.from(kit.secret, 'hex');
      return `${input}.${createHmac('sha256', key).update(input).digest('base64url')}`;
    },
  },
  {
    name: 'the signature of another valid token',
    code: 'token_invalid',
    token: (kit) => resigned(kit, () => withClaims(kit, { salt: 1 }).split('.')[2] ?? ''),
  },
  {
    name: 'the claims of another valid token',
    code: 'token_invalid',
    token: ({ access, refresh }) => access.replace(/\.[^.]*\./, `.${refresh.split('.')[1]}.`),
  },
  {
    name: 'an expired claim set under a signature that is bad',
    code: 'token_invalid',
    token: ({ header, claims, now, attacker }) => mint(header, { ...claims, exp: now - 60 }, attacker.secret),
  },
  {
    name: 'another audience under a signature that is bad',
    code: 'token_invalid',
    token: ({ header, claims, attacker }) => mint(header, { ...claims, aud: 'other' }, attacker.secret),
  },
  {
    name: 'another issuer under a signature that is bad',
    code: 'token_invalid',
    token: ({ header, claims, attacker }) => mint(header, { ...claims, iss: 'other' }, attacker.secret),
  },
  {
    name: 'another type under a signature that is bad',
    code: 'token_invalid',
    token: ({ header, claims, attacker }) =>
      mint({ ...header, typ: 'rt+jwt' }, { ...claims, type: 'refresh' }, attacker.secret),
  },
];

export const SIGNATURE_FORGERIES: readonly Forgery[] = [
  ...forgeries(asText, '', (kit, change) => resigned(kit, (signature) => change(signature, kit))),
  ...forgeries(asBytes, '', bytes),
  ...[0, 7, 8, 127, 128, 248, 255].map((bit): Forgery => ({
    name: `bit ${bit} of the signature flipped`,
    code: 'token_invalid',
    token: (kit) => flipped(kit, bit),
  })),
  ...forgeries(keys, 'signed with ', (kit, key) => mint(kit.header, kit.claims, key(kit))),
  ...forgeries(inputs, 'a signature over ', over),
  ...respellings,
  ...plain,
];
