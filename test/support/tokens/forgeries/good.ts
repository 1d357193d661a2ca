import { freshId, mint } from '../tokens.js';
import { withClaims, withHeader, withText, type Kit } from './kit.js';
import { padded } from './parts.js';

/** Unusual valid tokens. They show that a forgery is refused for its fault alone. */
export const VALID_TOKENS: Readonly<Record<string, (kit: Kit) => string>> = {
  'as the service issued it': ({ access }) => access,
  'minted by other code from the same header and claims': ({ header, claims, secret }) =>
    mint(header, claims, secret),
  'with its claims in another order': ({ header, claims, secret }) =>
    mint(header, Object.fromEntries(Object.entries(claims).toReversed()), secret),
  'with its header in another order': ({ header, claims, secret }) =>
    mint(Object.fromEntries(Object.entries(header).toReversed()), claims, secret),
  'with white space in its JSON': ({ header, claims, secret }) =>
    mint(JSON.stringify(header, null, 2), `\n${JSON.stringify(claims, null, '\t')} `, secret),
  'with a new id': (all) => withClaims(all, { jti: freshId() }),
  'with unknown claims': (all) =>
    withClaims(all, { department: 'R&D', roles: ['admin'], nested: { a: [1, null] } }),
  'with an unknown claim of another script': (all) => withClaims(all, { name: 'Åsa 🗝 ключ' }),
  'with unknown claims named like members of every object': (all) =>
    withText(
      all,
      JSON.stringify(all.header),
      `{"__proto__":1,"constructor":2,${JSON.stringify(all.claims).slice(1)}`,
    ),
  'with an unknown claim 500 objects deep': (all) =>
    withText(
      all,
      JSON.stringify(all.header),
      `{"x":${'{"a":'.repeat(500)}1${'}'.repeat(500)},${JSON.stringify(all.claims).slice(1)}`,
    ),
  'with the same key in two objects': (all) =>
    withClaims(all, { x: { a: 1, exp: 1 }, y: { a: 1 }, z: [{ a: 1 }] }),
  'with an unknown header member': (all) => withHeader(all, { 'x-region': 'eu' }),
  'whose header names keys of others, which are ignored': (all) =>
    withHeader(all, {
      jku: `${all.attacker.url}/jwks.json`,
      x5u: `${all.attacker.url}/cert.pem`,
      jwk: all.attacker.ec.jwk,
      x5c: ['AAAA'],
    }),
  'for a list of audiences that holds ours': (all) => withClaims(all, { aud: ['other', 'latchkey'] }),
  'for a list of our audience alone': (all) => withClaims(all, { aud: ['latchkey'] }),
  'with an nbf in the past': (all) => withClaims(all, { nbf: all.now - 60 }),
  'with an nbf of now': (all) => withClaims(all, { nbf: all.now }),
  'issued within the leeway ahead': (all) => withClaims(all, { iat: all.now + 4 }),
  'that lasts as long as a time can be written': (all) => withClaims(all, { exp: 99_999_999_999 }),
  'of a client': (all) => withClaims(all, { client_id: 'a-client' }),
  'with scopes': (all) => withClaims(all, { scope: 'users:read keys:read' }),
  'of the greatest size': (all) => padded(all, 8192),
};
