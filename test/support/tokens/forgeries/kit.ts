import {
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto';
import type { BearerCode } from '../../http/bearer.js';
import { decode, mint } from '../tokens.js';

/** The material for forged tokens. It includes the secret, so that each forgery has exactly one fault. */
export interface Kit {
  readonly secret: string;
  /** Tokens as the service issued them. */
  readonly access: string;
  readonly refresh: string;
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly kid: string;
  /** The service's time in Unix seconds. */
  readonly now: number;
  readonly attacker: Attacker;
}

/** The attacker's keys, and a URL that serves them. */
export interface Attacker {
  readonly rsa: AttackerKey;
  readonly ec: AttackerKey;
  readonly secret: string;
  readonly url: string;
}

export interface AttackerKey {
  readonly privateKey: KeyObject;
  readonly pem: string;
  readonly jwk: JsonWebKey;
}

/** One forged token: its fault, and the codes that the contract allows for it. */
export interface Forgery {
  readonly name: string;
  readonly code: BearerCode | readonly BearerCode[];
  readonly token: (kit: Kit) => string;
}

export interface KitSource {
  readonly secret: string;
  readonly access: string;
  readonly refresh: string;
  readonly now: number;
  readonly attackerUrl: string;
}

export function kitOf({ secret, access, refresh, now, attackerUrl }: KitSource): Kit {
  const { header, claims } = decode(access);
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  return {
    secret,
    access,
    refresh,
    header,
    claims,
    kid: String(header['kid']),
    now,
    attacker: {
      rsa: attackerKey(rsa),
      ec: attackerKey(ec),
      secret: 'a-secret-of-somebody-else-that-is-long-enough',
      url: attackerUrl,
    },
  };
}

function attackerKey(privateKey: KeyObject): AttackerKey {
  const publicKey = createPublicKey(privateKey);
  return {
    privateKey,
    pem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    jwk: publicKey.export({ format: 'jwk' }),
  };
}

/** The valid token with changed header members and a valid signature; undefined removes a member. */
export function withHeader(kit: Kit, change: object, secret = kit.secret): string {
  return mint({ ...kit.header, ...change }, kit.claims, secret);
}

/** The valid token with changed claims and a valid signature; undefined removes a claim. */
export function withClaims(kit: Kit, change: object): string {
  return mint(kit.header, { ...kit.claims, ...change }, kit.secret);
}

/** Any texts as header and claims, with a valid signature. */
export function withText(kit: Kit, header: string | Buffer, claims: string | Buffer): string {
  return signedParts(
    kit,
    Buffer.from(header).toString('base64url'),
    Buffer.from(claims).toString('base64url'),
  );
}

/** Two encoded parts in any spelling, with a valid signature. */
export function signedParts(kit: Kit, header: string, claims: string): string {
  return `${header}.${claims}.${macOver(kit, `${header}.${claims}`).toString('base64url')}`;
}

/** The service's MAC of an input, before encoding. */
export function macOver({ secret }: Kit, input: string): Buffer {
  return createHmac('sha256', secret).update(input).digest();
}
