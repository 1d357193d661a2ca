import { Inject, Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { TOKEN_CONFIG, type TokenConfig } from '../config/config.js';
import { AppError } from '../kernel/app-error.js';
import { Clock } from '../kernel/clock.js';
import type { ErrorCode } from '../kernel/error-codes.js';
import { newId } from '../kernel/ids.js';
import { KeyRing } from '../keys/key-ring.js';
import type { SigningKey } from '../keys/signing-key.js';
import {
  faultyClaim,
  TOKEN_TYPES,
  type AccessClaims,
  type ClaimsOf,
  type RefreshClaims,
  type TokenType,
} from './token-claims.js';
import { shapeOf } from './token-shape.js';

/** What an access token is issued for; a value object, so that no room's rows reach this one. */
export interface AccessSubject {
  /** The id of the user, or of the client that acts for itself. */
  readonly subject: string;
  /** The session, or the grant to a client. */
  readonly sid: string;
  readonly clientId: string;
  readonly scopes: readonly string[];
  readonly permissionVersion: number;
  /** Milliseconds since the Unix epoch; now where absent. */
  readonly issuedAt?: number;
}

/** The live refresh token of a session as its row describes it: issuing it again gives the same token. */
export interface RefreshSubject {
  readonly userId: string;
  readonly sessionId: string;
  readonly generation: number;
  readonly tokenId: string;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
}

export interface VerifiedToken<T extends TokenType> {
  readonly claims: ClaimsOf[T];
  readonly kid: string;
}

/** The one place that signs tokens and the one place that verifies them (RFC 7519, RFC 8725, RFC 9068). */
@Injectable()
export class TokenService {
  constructor(
    private readonly jwt: JwtService,
    private readonly keyRing: KeyRing,
    private readonly clock: Clock,
    @Inject(TOKEN_CONFIG) private readonly config: TokenConfig,
  ) {}

  /** Lifetime of an access token in seconds (`expires_in`). */
  get accessSeconds(): number {
    return this.config.accessSeconds;
  }

  issueAccess(subject: AccessSubject): string {
    const now = subject.issuedAt ?? this.clock.now();
    const iat = Math.floor(now / 1000);
    const claims: AccessClaims = {
      iss: this.config.issuer,
      aud: this.config.audiences[0],
      sub: subject.subject,
      client_id: subject.clientId,
      exp: iat + this.config.accessSeconds,
      iat,
      jti: newId(now),
      sid: subject.sid,
      type: 'access',
      scope: subject.scopes.join(' '),
      ver: subject.permissionVersion,
    };
    return this.sign('access', claims);
  }

  issueRefresh(subject: RefreshSubject): string {
    const claims: RefreshClaims = {
      iss: this.config.issuer,
      aud: this.config.audiences[0],
      sub: subject.userId,
      exp: Math.floor(subject.expiresAt.getTime() / 1000),
      iat: Math.floor(subject.issuedAt.getTime() / 1000),
      jti: subject.tokenId,
      sid: subject.sessionId,
      gen: subject.generation,
      type: 'refresh',
    };
    return this.sign('refresh', claims);
  }

  /**
   * Checks everything a token says about itself: shape, key, signature, kind, claims, times, issuer, audience. Whether
   * it was revoked is for the caller. Reads no database.
   * @throws AppError with the code of the first fault; expiry, kind, issuer and audience are told only of tokens whose
   * signature is good, everything else is `token_invalid`
   */
  verify<T extends TokenType>(type: T, token: string): VerifiedToken<T> {
    const shaped = shapeOf(token);
    if ('misshapen' in shaped) throw refused('token_invalid', shaped.misshapen);
    const key = this.keyOf(shaped.header);
    this.checkSignature(token, key);
    if (key.compromised) throw refused('token_revoked', 'its key was compromised');
    this.checkKind(type, shaped.header, shaped.claims);
    const faulty = faultyClaim(type, shaped.claims);
    if (faulty !== undefined) throw refused('token_invalid', `claim ${faulty} missing or of a wrong type`);
    const claims = shaped.claims as unknown as ClaimsOf[T];
    this.checkTimes(claims);
    this.checkParties(claims);
    return { claims, kid: key.kid };
  }

  private sign(type: TokenType, claims: object): string {
    const { algorithm, kid, signWith } = this.keyRing.current();
    return this.jwt.sign(claims, {
      privateKey: signWith,
      algorithm,
      keyid: kid,
      header: { alg: algorithm, typ: TOKEN_TYPES[type] },
    });
  }

  /** RFC 8725 section 3.1: the key is chosen by `kid`, and the algorithm is the key's, whatever the token says. */
  private keyOf(header: Readonly<Record<string, unknown>>): SigningKey {
    const { kid, alg } = header;
    if ('crit' in header || 'b64' in header) throw refused('token_invalid', 'critical header');
    const key = typeof kid === 'string' ? this.keyRing.find(kid) : undefined;
    if (!key) throw refused('token_invalid', 'signature: unknown key id', { received: clipped(kid) });
    if (alg !== key.algorithm)
      throw refused('token_invalid', 'signature: algorithm is not the key’s', {
        expected: key.algorithm,
        received: clipped(alg),
      });
    return key;
  }

  /** The library decides about the signature alone; what it would check of the claims it checks too loosely. */
  private checkSignature(token: string, key: SigningKey): void {
    try {
      this.jwt.verify(token, {
        // The library takes a KeyObject, though the type that @nestjs/jwt gives this option is narrower.
        publicKey: key.verifyWith as unknown as Buffer,
        algorithms: [key.algorithm],
        ignoreExpiration: true,
        ignoreNotBefore: true,
      });
    } catch (cause) {
      // A wrong-length ES256 signature throws a bare TypeError there: whatever it throws means the same.
      throw refused('token_invalid', 'signature does not verify', { cause_type: (cause as Error).name });
    }
  }

  private checkKind(
    type: TokenType,
    header: Readonly<Record<string, unknown>>,
    claims: Readonly<Record<string, unknown>>,
  ): void {
    if (header['typ'] === TOKEN_TYPES[type] && claims['type'] === type) return;
    const other = Object.values(TOKEN_TYPES).includes(header['typ'] as never) || claims['type'] !== undefined;
    throw refused(other ? 'token_wrong_type' : 'token_invalid', 'wrong kind of token', { expected: type });
  }

  private checkTimes({ exp, iat, nbf }: { exp: number; iat: number; nbf?: number }): void {
    const now = this.clock.now() / 1000;
    if (now >= exp) throw refused('token_expired', 'expired', { expired_for_seconds: Math.round(now - exp) });
    // Leeway forgives the issuer's clock for running ahead; it never lengthens a token's life.
    const from = Math.max(iat, nbf ?? 0);
    if (from > now + this.config.leewaySeconds) {
      throw refused('token_not_yet_valid', 'issued in the future', { ahead_seconds: Math.round(from - now) });
    }
  }

  private checkParties({ iss, aud }: { iss: string; aud: string | readonly string[] }): void {
    const { issuer, audiences } = this.config;
    if (iss !== issuer)
      throw refused('token_wrong_issuer', 'wrong issuer', { expected: issuer, received: clipped(iss) });
    const given = typeof aud === 'string' ? [aud] : aud;
    if (!given.some((name) => audiences.includes(name))) {
      throw refused('token_wrong_audience', 'wrong audience', {
        expected: audiences,
        received: given.slice(0, 10).map(clipped),
      });
    }
  }
}

/** What a token says of itself, for the log: short, whatever somebody put there. */
function clipped(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, 100) : typeof value;
}

/** A refusal with its cause for the log; the client reads only what the code says. */
function refused(code: ErrorCode, cause: string, more: Record<string, unknown> = {}): AppError {
  return new AppError(code, { diagnosis: { cause, ...more } });
}
