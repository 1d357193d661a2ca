import {
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto';
import type { BearerCode } from '../../http/bearer.js';
import { decode, mint } from '../tokens.js';

/** What a forger has at hand, the secret included: a fault is only seen alone where everything else is right. */
export interface Kit {
  readonly secret: string;
  /** As the service issued them. */
  readonly access: string;
  readonly refresh: string;
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly kid: string;
  /** The service's time in Unix seconds. */
  readonly now: number;
  readonly attacker: Attacker;
}

/** Keys of somebody else, and an address where they are published. */
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

/** One damaged token: what it is, and the codes the contract allows for it. */
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

/** The good token with header members changed and a good signature; undefined takes a member out. */
export function withHeader(kit: Kit, change: object, secret = kit.secret): string {
  return mint({ ...kit.header, ...change }, kit.claims, secret);
}

/** The good token with claims changed and a good signature; undefined takes a claim out. */
export function withClaims(kit: Kit, change: object): string {
  return mint(kit.header, { ...kit.claims, ...change }, kit.secret);
}

/** Header and claims as texts, signed well whatever they say. */
export function withText(kit: Kit, header: string | Buffer, claims: string | Buffer): string {
  return signedParts(
    kit,
    Buffer.from(header).toString('base64url'),
    Buffer.from(claims).toString('base64url'),
  );
}

/** Two parts as they stand, signed well however they are spelt. */
export function signedParts(kit: Kit, header: string, claims: string): string {
  return `${header}.${claims}.${macOver(kit, `${header}.${claims}`).toString('base64url')}`;
}

/** The MAC of an input as the service makes it, before it is spelt. */
export function macOver({ secret }: Kit, input: string): Buffer {
  return createHmac('sha256', secret).update(input).digest();
}
