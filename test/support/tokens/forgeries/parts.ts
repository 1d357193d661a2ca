import { withClaims, type Forgery, type Kit } from './kit.js';

const LIMIT = 8192;

/** A valid token with a claim that pads it to a length, and a valid signature. */
export function padded(kit: Kit, length: number): string {
  let pad = 'x'.repeat(Math.floor(((length - withClaims(kit, { pad: '' }).length) * 3) / 4));
  while (withClaims(kit, { pad }).length > length) pad = pad.slice(1);
  while (withClaims(kit, { pad: `${pad}x` }).length <= length) pad += 'x';
  return withClaims(kit, { pad });
}

function overlong(kit: Kit, length: number): string {
  let claims = { pad: 'x'.repeat(Math.floor(((length - kit.access.length) * 3) / 4)) };
  while (withClaims(kit, claims).length <= length) claims = { pad: `${claims.pad}x` };
  return withClaims(kit, claims);
}

type Parts = (parts: readonly [header: string, claims: string, signature: string], kit: Kit) => string;

const DIVISIONS: Readonly<Record<string, Parts>> = {
  'one part': ([header]) => header,
  'two parts': ([header, claims]) => `${header}.${claims}`,
  'header and signature alone': ([header, , signature]) => `${header}.${signature}`,
  'four parts': ([h, c, s]) => `${h}.${c}.${s}.${s}`,
  'four parts, the last empty': ([h, c, s]) => `${h}.${c}.${s}.`,
  'four parts, the first empty': ([h, c, s]) => `.${h}.${c}.${s}`,
  'four parts, the second empty': ([h, c, s]) => `${h}..${c}.${s}`,
  'five parts as a JWE has': ([h, c, s]) => `${h}.${c}.${s}.${c}.${s}`,
  'five parts and a JWE header': ([, c, s]) => {
    const header = Buffer.from('{"alg":"dir","enc":"A128CBC-HS256"}').toString('base64url');
    return `${header}..${s}.${c}.${s}`;
  },
  'six parts': ([h, c, s]) => `${h}.${c}.${s}.${h}.${c}.${s}`,
  'a thousand parts': () => 'a.'.repeat(1000),
  'full stops alone': () => '..',
  'one full stop': () => '.',
  'no header': ([, c, s]) => `.${c}.${s}`,
  'no claims': ([h, , s]) => `${h}..${s}`,
  'no header and no claims': ([, , s]) => `..${s}`,
  'header alone': ([h]) => `${h}..`,
  'the parts rotated': ([h, c, s]) => `${c}.${s}.${h}`,
  'header and claims exchanged': ([h, c, s]) => `${c}.${h}.${s}`,
  'the header three times': ([h]) => `${h}.${h}.${h}`,
  'commas between the parts': (parts) => parts.join(','),
  'escaped full stops': (parts) => parts.join('%2E'),
  'underscores between the parts': (parts) => parts.join('_'),
  'quotation marks around it': (parts) => `"${parts.join('.')}"`,
  'angle brackets around it': (parts) => `<${parts.join('.')}>`,
  'braces around it': (parts) => `{${parts.join('.')}}`,
  'a byte order mark in Latin-1 before it': (parts) => `\u00ef\u00bb\u00bf${parts.join('.')}`,
  'a plus sign before it': (parts) => `+${parts.join('.')}`,
  'a tilde after it': (parts) => `${parts.join('.')}~`,
  'a query after it': (parts) => `${parts.join('.')}?a=b`,
  'itself twice': (parts) => `${parts.join('.')},${parts.join('.')}`,
  'everything encoded once more': (parts) => Buffer.from(parts.join('.')).toString('base64url'),
  'JSON without encoding': (_, kit) => `${JSON.stringify(kit.header)}.${JSON.stringify(kit.claims)}.x`,
  'the flattened JSON serialization': ([h, c, s]) =>
    JSON.stringify({ protected: h, payload: c, signature: s }),
  'the general JSON serialization': ([h, c, s]) =>
    JSON.stringify({ payload: c, signatures: [{ protected: h, signature: s }] }),
  'the word null': () => 'null',
  'the word undefined': () => 'undefined',
  'a number': () => '1',
  'a list': () => '[]',
  'an object': () => '{}',
  'a UUID': (_parts, kit) => String(kit.claims['sid']),
  'a path': () => '../../etc/passwd',
  markup: () => '<script>alert(1)</script>',
  'a format string': () => '%s%s%n%x',
  'a placeholder': () => '{{access_token}}',
};

const TOO_LONG: ReadonlyArray<readonly [name: string, token: (kit: Kit) => string]> = [
  ['just over 8 KiB', (kit) => overlong(kit, LIMIT)],
  ['of 9 KiB', (kit) => overlong(kit, 9 * 1024)],
  ['of 12 KiB', (kit) => overlong(kit, 12 * 1024)],
  ['of 12 KiB of one letter', () => 'A'.repeat(12 * 1024)],
  ['of 12 KiB of full stops', () => '.'.repeat(12 * 1024)],
];

export const PART_FORGERIES: readonly Forgery[] = [
  ...Object.entries(DIVISIONS).map(([name, division]): Forgery => ({
    name,
    code: 'token_invalid',
    token: (kit) => {
      const [header = '', claims = '', signature = ''] = kit.access.split('.');
      return division([header, claims, signature], kit);
    },
  })),
  ...TOO_LONG.map(([name, token]): Forgery => ({
    name: `a valid token ${name}`,
    code: 'token_invalid',
    token,
  })),
];
