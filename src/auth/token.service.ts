import { Inject, Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import {
  signatureVerifies,
  claimsFault,
  keyFor,
  timeFault,
  type TokenFault,
  TOKEN_TYPES,
  type AccessClaims,
  type BrowserClaims,
  type ClaimsOf,
  type RefreshClaims,
  type TokenType,
  parseToken,
  type ParsedToken,
} from '@latchkey/token-rules';
import type { AccessGrant } from '../access/audience.js';
import { Audiences } from '../access/audiences.js';
import { TOKEN_CONFIG, type TokenConfig } from '../platform/config/config.js';
import { AppError } from '../platform/kernel/app-error.js';
import { Clock } from '../platform/kernel/clock.js';
import { newId } from '../platform/kernel/ids.js';
import { LruCache } from '../platform/pacing/lru-cache.js';
import { InternalKeys, type InternalKey } from '../keys/internal-keys.js';
import { KeyRing } from '../keys/key-ring.js';
import type { CurrentKey, SigningKey } from '../keys/signing-key.js';
import type { SessionGrant } from '../sessions/session-records.js';

/** The subject and rights of an access token: of a user's session or of a client. */
export interface AccessSubject {
  /** The id of the user, or of the client that acts for itself. */
  readonly subject: string;
  /** The session, or the grant to a client. */
  readonly sid: string;
  readonly clientId: string;
  readonly grant: AccessGrant;
  readonly permissionVersion: number;
  /** Whether the user must change the password, so that the token opens that alone. */
  readonly passwordChangeRequired?: boolean;
  /** Milliseconds since the Unix epoch; now where absent. */
  readonly issuedAt?: number;
}

/** The live refresh token of a session. Issuing it again gives the same token. */
export interface RefreshSubject {
  readonly userId: string;
  readonly sessionId: string;
  readonly generation: number;
  readonly tokenId: string;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
}

/** The live token of a browser's session. Issuing it again gives the same token. */
export type BrowserSubject = Pick<
  SessionGrant,
  | 'id'
  | 'userId'
  | 'generation'
  | 'refreshTokenId'
  | 'rotatedAt'
  | 'idleExpiresAt'
  | 'permissionVersion'
  | 'passwordChangeRequired'
>;

export interface VerifiedToken<T extends TokenType> {
  readonly claims: ClaimsOf[T];
  readonly kid: string;
}

/** Cached tokens, of about a kilobyte each with their claims. The cache holds twice as many at most. */
const CACHED_TOKENS = 5000;
/**
 * Tokens of several kilobytes are fewer: with its claims a token takes about three times its text. The key is the text and
 * no digest of it, because a digest would take as long as the rest of a check.
 */
const TOKEN_BYTES = { max: 16 * 1024 * 1024, of: (token: string) => 3 * token.length };

/** The one place that signs tokens and the one place that verifies them (RFC 7519, RFC 8725, RFC 9068). */
@Injectable()
export class TokenService {
  /** Verified tokens by their whole text, so that each signature is checked once. */
  private readonly verified = new LruCache<VerifiedToken<'access'>>(CACHED_TOKENS, TOKEN_BYTES);

  constructor(
    private readonly jwt: JwtService,
    private readonly keyRing: KeyRing,
    private readonly internalKeys: InternalKeys,
    private readonly clock: Clock,
    @Inject(TOKEN_CONFIG) private readonly config: TokenConfig,
    private readonly audiences: Audiences = new Audiences(config),
  ) {}

  /** Lifetime of an access token in seconds (`expires_in`). */
  get accessSeconds(): number {
    return this.config.accessSeconds;
  }

  /** @throws AppError `scopes_too_large` */
  issueAccess(subject: AccessSubject): string {
    const now = subject.issuedAt ?? this.clock.now();
    const iat = Math.floor(now / 1000);
    const claims: AccessClaims = {
      iss: this.config.issuer,
      aud: subject.grant.audience.identifier,
      sub: subject.subject,
      client_id: subject.clientId,
      exp: iat + this.config.accessSeconds,
      iat,
      jti: newId(now),
      sid: subject.sid,
      type: 'access',
      scope: subject.grant.scope,
      ver: subject.permissionVersion,
      ...(subject.passwordChangeRequired && { password_change_required: true as const }),
    };
    return this.sign('access', claims, this.keyRing.current());
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
    return this.sign('refresh', claims, this.internalKeys.current('refresh'));
  }

  /** The token of a browser's session. Its audience is the service itself, the only one that reads it. */
  issueBrowser(session: BrowserSubject): string {
    const claims: BrowserClaims = {
      iss: this.config.issuer,
      aud: this.config.issuer,
      sub: session.userId,
      exp: Math.floor(session.idleExpiresAt.getTime() / 1000),
      iat: Math.floor(session.rotatedAt.getTime() / 1000),
      jti: session.refreshTokenId,
      sid: session.id,
      gen: session.generation,
      ver: session.permissionVersion,
      ...(session.passwordChangeRequired && { password_change_required: true as const }),
      type: 'browser',
    };
    return this.sign('browser', claims, this.internalKeys.current('browser'));
  }

  /**
   * Checks a token's shape, key, signature, kind, claims, times, issuer and audience. Reads no database; the caller
   * checks the revocations.
   * @throws AppError with the code of the first fault. Before the signature is checked, every fault is `token_invalid`.
   */
  verify<T extends TokenType>(type: T, token: string): VerifiedToken<T> {
    const known = type === 'access' ? this.recall(token) : undefined;
    if (known) return known as VerifiedToken<T>;
    const verified = this.verifyAnew(type, token);
    // Clients present an access token many times and a refresh token once.
    if (type === 'access') this.verified.set(token, verified as VerifiedToken<'access'>);
    return verified;
  }

  /**
   * An access token that was verified lately and is still good. The bytes are the same, so only the time and the state
   * of the key can have changed. Undefined where the token must be verified anew.
   */
  recall(token: string): VerifiedToken<'access'> | undefined {
    const known = this.verified.get(token);
    if (!known || timeFault(known.claims, this.config, this.clock.now() / 1000)) return undefined;
    if (!this.audiences.ofClaim(known.claims.aud)) return undefined;
    const key = this.keyRing.find(known.kid);
    return key && !key.compromised ? known : undefined;
  }

  private verifyAnew<T extends TokenType>(type: T, token: string): VerifiedToken<T> {
    const shaped = parseToken(token);
    if ('malformed' in shaped) throw refused({ code: 'token_invalid', cause: shaped.malformed });
    const key = this.keyOf(shaped.header);
    if (!signatureVerifies(token, key)) {
      throw refused({ code: 'token_invalid', cause: 'signature does not verify' });
    }
    if (key.compromised) throw refused({ code: 'token_revoked', cause: 'its key was compromised' });
    const { issuer, leewaySeconds } = this.config;
    // Nothing but this service reads the token of a browser.
    const audiences = type === 'browser' ? [issuer] : this.audiences.identifiers;
    const rules = { issuer, audiences, leewaySeconds };
    const fault = claimsFault(type, shaped, rules, this.clock.now());
    if (fault?.code !== 'token_wrong_type' && kindOf(key) !== type) {
      throw refused({ code: 'token_invalid', cause: 'signed with the key of another kind of token' });
    }
    if (fault) throw refused(fault);
    return { claims: shaped.claims as unknown as ClaimsOf[T], kid: key.kid };
  }

  private sign(type: TokenType, claims: object, { algorithm, kid, signWith }: CurrentKey): string {
    return this.jwt.sign(claims, {
      privateKey: signWith,
      algorithm,
      keyid: kid,
      header: { alg: algorithm, typ: TOKEN_TYPES[type] },
    });
  }

  private keyOf(header: ParsedToken['header']): SigningKey | InternalKey {
    const key = keyFor(header, (kid) => this.keyRing.find(kid) ?? this.internalKeys.find(kid));
    if ('cause' in key) throw refused(key);
    return key;
  }
}

/** The kind of token that a key signs: the ring signs access tokens and nothing else. */
function kindOf(key: SigningKey | InternalKey): TokenType {
  return 'kind' in key ? key.kind : 'access';
}

/** The error of a fault. Its cause is for the log; the client sees only the code. */
function refused({ code, cause, more }: TokenFault): AppError {
  return new AppError(code, { diagnosis: { cause, ...more } });
}
