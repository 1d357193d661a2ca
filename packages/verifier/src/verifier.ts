import type { IncomingMessage } from 'node:http';
import {
  scopeChallenge,
  type BearerCode,
  bearerTokenOf,
  isForGood,
  type LiveRevocation,
  parseScope,
  signatureVerifies,
  type Algorithm,
  type VerificationKey,
  claimsFault,
  keyFor,
  type TokenFault,
  type TokenRules,
  type AccessClaims,
  shapeOf,
  type ShapedToken,
  systemClock,
  type VerifierClock,
  RemoteKeys,
  SecretKeys,
  type Keys,
} from '@latchkey/token-rules';
import { FeedToken, type FeedAccess } from './feed-access.js';
import { RevocationFollower } from './revocation-follower.js';
import { VerifierError, type VerifierErrorOptions } from './verifier-error.js';

const LEEWAY_SECONDS = 5;
const LEEWAY_MAX_SECONDS = 60;
/** Less would let one lost packet answer 503. */
const STALENESS_MIN_SECONDS = 10;
const START_WITHIN_MS = 5000;

export interface VerifierOptions {
  /** Latchkey's `JWT_ISSUER`. */
  readonly issuer: string;
  /** Your own name among the tokens' audiences; with several any of them. */
  readonly audience: string | readonly string[];
  /** Where Latchkey is reached from here; the issuer where absent. */
  readonly url?: string;
  /** The issuer's `/.well-known/jwks.json` where absent. */
  readonly jwksUri?: string;
  /** Latchkey's `SECRET_KEY` where it signs with HS256, HS384 or HS512; with several any of them. No JWKS then. */
  readonly secretKey?: string | readonly string[];
  /** Of `secretKey`; HS256 where absent. */
  readonly algorithm?: 'HS256' | 'HS384' | 'HS512';
  /** Who follows revocations; needs the scope `revocations:read`. */
  readonly feed: FeedAccess;
  /**
   * How long tokens are believed while Latchkey cannot be heard, at least 10. It is how long a token that was revoked
   * meanwhile may live on; after it everything is answered 503 until Latchkey is heard again.
   */
  readonly maxStalenessSeconds: number;
  /** Forgives Latchkey's clock for running ahead, 5 where absent, at most 60. Never lengthens a token's life. */
  readonly leewaySeconds?: number;
  readonly clock?: VerifierClock;
  /** Told of what is tried again by itself: a fetch that failed, a stream that broke. */
  readonly onError?: (error: unknown) => void;
}

export interface VerifyOptions {
  /** All of them are needed. */
  readonly scopes?: readonly string[];
}

/** Who is asking. */
export interface VerifiedToken {
  /** A person, or a service that asks for itself. */
  readonly kind: 'user' | 'client';
  /** The id of the user or client (`sub`). */
  readonly subject: string;
  readonly sessionId: string;
  readonly clientId: string;
  readonly tokenId: string;
  readonly scopes: ReadonlySet<string>;
  /** Unix seconds. */
  readonly expiresAt: number;
}

/** Checks the access tokens of one Latchkey. Holds its keys and revocations in memory: a check asks nobody. */
export class Verifier {
  private readonly keys: Keys;
  private readonly follower: RevocationFollower;
  private readonly clock: VerifierClock;
  private readonly rules: TokenRules;
  private readonly maxStalenessMs: number;

  constructor(options: VerifierOptions) {
    assertGiven(options);
    this.clock = options.clock ?? systemClock;
    this.rules = rulesOf(options);
    this.maxStalenessMs =
      bounded('maxStalenessSeconds', options.maxStalenessSeconds, STALENESS_MIN_SECONDS) * 1000;
    const url = (options.url ?? options.issuer).replace(/\/$/, '');
    const report = options.onError ?? (() => undefined);
    const { secretKey, algorithm = 'HS256' } = options;
    this.keys =
      secretKey === undefined
        ? new RemoteKeys(options.jwksUri ?? `${url}/.well-known/jwks.json`, this.clock, report)
        : new SecretKeys(secretsOf(secretKey), algorithm satisfies Algorithm);
    this.follower = new RevocationFollower({
      url,
      token: new FeedToken(options.feed, `${url}/oauth/token`, this.clock),
      clock: this.clock,
      onRow: (row) => void (row.kind === 'key' && this.keysChanged(row)),
      report,
    });
  }

  /**
   * Begins to follow, and waits a few seconds for the first keys and revocations.
   * @returns whether they are there; without them tokens are answered 503 until they are
   */
  async start(): Promise<boolean> {
    this.follower.start();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), START_WITHIN_MS);
    });
    const ready = Promise.all([this.follower.ready(), this.keys.look()]).then((all) => all.every(Boolean));
    const isReady = await Promise.race([ready, late]);
    clearTimeout(timer);
    return isReady;
  }

  /** Ends every connection. */
  close(): Promise<void> {
    return this.follower.close();
  }

  /** Seconds since everything that was revoked was known here; Infinity before the first time. */
  get stalenessSeconds(): number {
    return this.follower.stalenessMs() / 1000;
  }

  /**
   * Checks a token as Latchkey itself does: shape, key, signature, kind, claims, times, issuer, audience, revocation.
   * @throws VerifierError with the first fault; `unavailable` where that cannot be told
   */
  async verify(token: string, { scopes = [] }: VerifyOptions = {}): Promise<VerifiedToken> {
    const shaped = shapeOf(token);
    if ('misshapen' in shaped) throw this.fault({ code: 'token_invalid', cause: shaped.misshapen });
    const key = await this.keyOf(shaped.header);
    if (!signatureVerifies(token, key)) {
      throw this.fault({ code: 'token_invalid', cause: 'signature does not verify' });
    }
    const fault = claimsFault('access', shaped, this.rules, this.clock.now());
    if (fault) throw this.fault(fault);
    const claims = shaped.claims as unknown as AccessClaims;
    this.assertAlive(claims, key.kid);
    const verified = verifiedToken(claims);
    if (scopes.every((scope) => verified.scopes.has(scope))) return verified;
    throw this.refusal('insufficient_scope', { headers: { 'www-authenticate': scopeChallenge(scopes) } });
  }

  /**
   * The same for the `Authorization` header of a request.
   * @throws VerifierError also `token_missing` and `authorization_malformed`
   */
  async authenticate(
    request: Pick<IncomingMessage, 'headers' | 'rawHeaders'>,
    options: VerifyOptions = {},
  ): Promise<VerifiedToken> {
    const found = bearerTokenOf(request);
    if (typeof found === 'string') return this.verify(found, options);
    const { code, ...more } = found;
    throw this.refusal(code, more);
  }

  /** What a dropped key signs is refused by its row. It is followed by a key that signs at once. */
  private keysChanged(row: LiveRevocation): Promise<void> {
    return isForGood(row) ? this.keys.drop(row.subject) : this.keys.refresh();
  }

  private async keyOf(header: ShapedToken['header']): Promise<VerificationKey> {
    let isUnknown = false;
    const find = (kid: string): VerificationKey | undefined => {
      const known = this.keys.get(kid);
      isUnknown = known === undefined;
      return known;
    };
    let key = keyFor(header, find);
    if (isUnknown) {
      const isComplete = await this.keys.look();
      key = keyFor(header, find);
      if (isUnknown && !isComplete) throw this.unavailable('the keys cannot be fetched');
    }
    if ('cause' in key) throw this.fault(key);
    return key;
  }

  private assertAlive(claims: AccessClaims, kid: string): void {
    if (this.follower.stalenessMs() > this.maxStalenessMs) {
      throw this.unavailable('the revocations known here are too old');
    }
    const revocation = this.follower.set.find(claims, kid);
    if (!revocation) return;
    const { soft, kind, reason, revokedAt } = revocation;
    throw this.refusal(soft ? 'token_stale' : 'token_revoked', {
      diagnosis: { cause: reason, revoked_at: new Date(revokedAt).toISOString(), kind },
    });
  }

  private fault({ code, cause, more }: TokenFault): VerifierError {
    return this.refusal(code, { diagnosis: { cause, ...more } });
  }

  private unavailable(cause: string): VerifierError {
    return this.refusal('unavailable', { diagnosis: { cause } });
  }

  private refusal(code: BearerCode, options: VerifierErrorOptions): VerifierError {
    return new VerifierError(code, this.rules.issuer, options);
  }
}

/** A verifier of the access tokens of one Latchkey. @throws RangeError, TypeError where an option cannot be */
export function createVerifier(options: VerifierOptions): Verifier {
  return new Verifier(options);
}

/** The options without a default, by name. @throws TypeError naming the first that is missing */
function assertGiven(options: Partial<VerifierOptions>): void {
  const { issuer, audience, feed, maxStalenessSeconds } = options;
  if (typeof issuer !== 'string' || issuer === '')
    throw new TypeError('issuer is missing: JWT_ISSUER of Latchkey');
  if (audience === undefined) throw new TypeError('audience is missing: the audience of your tokens');
  if (feed === undefined) throw new TypeError('feed is missing: a client with the scope revocations:read');
  if (maxStalenessSeconds === undefined)
    throw new TypeError('maxStalenessSeconds is missing: how long tokens are believed without Latchkey');
}

function rulesOf({ issuer, audience, leewaySeconds = LEEWAY_SECONDS }: VerifierOptions): TokenRules {
  const audiences = typeof audience === 'string' ? [audience] : [...audience];
  if (audiences.length === 0 || audiences.includes('')) throw new TypeError('audience is missing');
  bounded('leewaySeconds', leewaySeconds, 0, LEEWAY_MAX_SECONDS);
  return { issuer, audiences, leewaySeconds };
}

function secretsOf(given: string | readonly string[]): readonly string[] {
  const secrets = typeof given === 'string' ? [given] : given;
  // An empty environment variable would be a key that everybody has.
  if (secrets.length === 0 || secrets.some((secret) => Buffer.byteLength(secret) < 32)) {
    throw new TypeError('secretKey is shorter than 32 bytes');
  }
  return secrets;
}

function bounded(name: string, value: number, least: number, most = Infinity): number {
  if (typeof value === 'number' && value >= least && value <= most) return value;
  throw new RangeError(`${name} must be a number from ${least}${most === Infinity ? ' on' : ` to ${most}`}`);
}

function verifiedToken({ sub, sid, client_id: clientId, jti, scope, exp }: AccessClaims): VerifiedToken {
  return {
    // RFC 9068 section 2.2: without a resource owner `sub` is the client itself.
    kind: sub === clientId ? 'client' : 'user',
    subject: sub,
    sessionId: sid,
    clientId,
    tokenId: jti,
    scopes: new Set(parseScope(scope) ?? []),
    expiresAt: exp,
  };
}
