import type { IncomingMessage } from 'node:http';
import {
  scopeChallenge,
  type BearerCode,
  bearerTokenOf,
  isPermanent,
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
  parseToken,
  type ParsedToken,
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
/** With a lower limit a single lost packet would lead to 503. */
const STALENESS_MIN_SECONDS = 10;
const START_WITHIN_MS = 5000;

export interface VerifierOptions {
  /** Latchkey's `JWT_ISSUER`. */
  readonly issuer: string;
  /** The audience of your tokens, never the issuer. Of a list, any one is accepted. */
  readonly audience: string | readonly string[];
  /** The base URL at which this service reaches Latchkey. Default: the issuer. */
  readonly url?: string;
  /** The URL of Latchkey's public keys. Default: `/.well-known/jwks.json` of `url`. */
  readonly jwksUri?: string;
  /** Latchkey's `SECRET_KEY`, or a list of them, where it signs with HS256, HS384 or HS512. Replaces the public keys. */
  readonly secretKey?: string | readonly string[];
  /** The algorithm of `secretKey`. Default: HS256. */
  readonly algorithm?: 'HS256' | 'HS384' | 'HS512';
  /** Credentials for the feed of revocations; they need the scope `revocations:read`. */
  readonly feed: FeedAccess;
  /**
   * How long tokens are accepted while the feed of revocations is unreachable, in seconds, at least 10. A token that is
   * revoked during an outage stays accepted for this long at most; then every token is refused with 503 until the feed
   * is back.
   */
  readonly maxStalenessSeconds: number;
  /** How far Latchkey's clock may run ahead, in seconds. Default 5, at most 60. Does not delay a token's expiry. */
  readonly leewaySeconds?: number;
  readonly clock?: VerifierClock;
  /** Called with errors that the verifier retries by itself: a failed fetch, a broken stream. */
  readonly onError?: (error: unknown) => void;
}

export interface VerifyOptions {
  /** Scopes that the token must have, all of them. */
  readonly scopes?: readonly string[];
}

/** The claims of a valid access token. */
export interface VerifiedToken {
  /** `user` for a person's token, `client` for a service's own. */
  readonly kind: 'user' | 'client';
  /** The id of the user or client (`sub`). */
  readonly subject: string;
  readonly sessionId: string;
  readonly clientId: string;
  readonly tokenId: string;
  readonly scopes: ReadonlySet<string>;
  /** In Unix seconds. */
  readonly expiresAt: number;
}

/** Verifies the access tokens of one Latchkey. Keys and revocations are in memory, so a check needs no request. */
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
   * Connects to Latchkey and waits up to five seconds for keys and revocations.
   * @returns whether both have arrived. With false the verifier retries in the background, and refuses every token with
   *   503 until they have; `onError` says why
   */
  async start(): Promise<boolean> {
    this.follower.start();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), START_WITHIN_MS);
    });
    const ready = Promise.all([this.follower.ready(), this.keys.refreshIfDue()]).then((all) =>
      all.every(Boolean),
    );
    const isReady = await Promise.race([ready, late]);
    clearTimeout(timer);
    return isReady;
  }

  /** Closes the connections to Latchkey. */
  close(): Promise<void> {
    return this.follower.close();
  }

  /** The age of the known revocations, in seconds; Infinity before they were loaded for the first time. */
  get stalenessSeconds(): number {
    return this.follower.stalenessMs() / 1000;
  }

  /**
   * Checks a token as Latchkey itself does: shape, key, signature, kind, claims, times, issuer, audience, revocation.
   * @throws VerifierError with the code of the first fault; `unavailable` while keys or revocations are missing or too old
   */
  async verify(token: string, { scopes = [] }: VerifyOptions = {}): Promise<VerifiedToken> {
    const parsed = parseToken(token);
    if ('malformed' in parsed) throw this.fault({ code: 'token_invalid', cause: parsed.malformed });
    const key = await this.keyOf(parsed.header);
    if (!signatureVerifies(token, key)) {
      throw this.fault({ code: 'token_invalid', cause: 'signature does not verify' });
    }
    const fault = claimsFault('access', parsed, this.rules, this.clock.now());
    if (fault) throw this.fault(fault);
    const claims = parsed.claims as unknown as AccessClaims;
    this.assertNotRevoked(claims, key.kid);
    const verified = verifiedToken(claims);
    if (scopes.every((scope) => verified.scopes.has(scope))) return verified;
    throw this.error('insufficient_scope', { headers: { 'www-authenticate': scopeChallenge(scopes) } });
  }

  /**
   * Verifies the token in a request's `Authorization` header.
   * @throws VerifierError as `verify` does, and with `token_missing` or `authorization_malformed`
   */
  async authenticate(
    request: Pick<IncomingMessage, 'headers' | 'rawHeaders'>,
    options: VerifyOptions = {},
  ): Promise<VerifiedToken> {
    const found = bearerTokenOf(request);
    if (typeof found === 'string') return this.verify(found, options);
    const { code, ...more } = found;
    throw this.error(code, more);
  }

  /** A dropped key's tokens are refused by the row itself. Its successor signs at once, so the keys are fetched anew. */
  private keysChanged(row: LiveRevocation): Promise<void> {
    return isPermanent(row) ? this.keys.drop(row.subject) : this.keys.refresh();
  }

  private async keyOf(header: ParsedToken['header']): Promise<VerificationKey> {
    let isUnknown = false;
    const find = (kid: string): VerificationKey | undefined => {
      const known = this.keys.get(kid);
      isUnknown = known === undefined;
      return known;
    };
    let key = keyFor(header, find);
    if (isUnknown) {
      const isComplete = await this.keys.refreshIfDue();
      key = keyFor(header, find);
      if (isUnknown && !isComplete) throw this.unavailable('the keys cannot be fetched');
    }
    if ('cause' in key) throw this.fault(key);
    return key;
  }

  private assertNotRevoked(claims: AccessClaims, kid: string): void {
    if (this.follower.stalenessMs() > this.maxStalenessMs) {
      throw this.unavailable('the known revocations are older than maxStalenessSeconds');
    }
    const revocation = this.follower.set.find(claims, kid);
    if (!revocation) return;
    const { soft, kind, reason, revokedAt } = revocation;
    throw this.error(soft ? 'token_stale' : 'token_revoked', {
      diagnosis: { cause: reason, revoked_at: new Date(revokedAt).toISOString(), kind },
    });
  }

  private fault({ code, cause, more }: TokenFault): VerifierError {
    return this.error(code, { diagnosis: { cause, ...more } });
  }

  private unavailable(cause: string): VerifierError {
    return this.error('unavailable', { diagnosis: { cause } });
  }

  private error(code: BearerCode, options: VerifierErrorOptions): VerifierError {
    return new VerifierError(code, this.rules.issuer, options);
  }
}

/** Makes a verifier; call `start()` before use. @throws TypeError, RangeError naming an option that is missing or invalid */
export function createVerifier(options: VerifierOptions): Verifier {
  return new Verifier(options);
}

/** @throws TypeError naming the first missing option of those without a default */
function assertGiven(options: Partial<VerifierOptions>): void {
  const { issuer, audience, feed, maxStalenessSeconds } = options;
  if (typeof issuer !== 'string' || issuer === '')
    throw new TypeError('issuer is missing: give the JWT_ISSUER of Latchkey');
  if (audience === undefined) throw new TypeError('audience is missing: give the audience of your tokens');
  if (feed === undefined)
    throw new TypeError('feed is missing: give clientId and clientSecret with the scope revocations:read');
  if (maxStalenessSeconds === undefined)
    throw new TypeError(
      'maxStalenessSeconds is missing: give the seconds for which tokens are accepted while Latchkey is unreachable',
    );
}

function rulesOf({ issuer, audience, leewaySeconds = LEEWAY_SECONDS }: VerifierOptions): TokenRules {
  const audiences = typeof audience === 'string' ? [audience] : [...audience];
  if (audiences.length === 0 || audiences.includes('')) throw new TypeError('audience is missing');
  // A service that is shown such a token could administer Latchkey with it.
  if (audiences.some((name) => withoutSlash(name) === withoutSlash(issuer)))
    throw new TypeError('audience is the issuer: tokens for Latchkey itself are for no other service');
  bounded('leewaySeconds', leewaySeconds, 0, LEEWAY_MAX_SECONDS);
  return { issuer, audiences, leewaySeconds };
}

function withoutSlash(url: string): string {
  return url.replace(/\/$/, '');
}

function secretsOf(given: string | readonly string[]): readonly string[] {
  const secrets = typeof given === 'string' ? [given] : given;
  // An empty environment variable would be a key that anybody can guess.
  if (secrets.length === 0 || secrets.some((secret) => Buffer.byteLength(secret) < 32)) {
    throw new TypeError('secretKey is shorter than 32 bytes: give the SECRET_KEY of Latchkey');
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
