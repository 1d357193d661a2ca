import { JwtService } from '@nestjs/jwt';
import {
  boundedFetch,
  systemClock,
  RemoteKeys,
  claimsFault,
  keyFor,
  type TokenType,
  type ParsedToken,
} from '@latchkey/token-rules';
import { Audiences } from '../access/audiences.js';
import { TokenService } from '../auth/token.service.js';
import { ALGORITHMS, type Algorithm, type Config } from '../platform/config/config.js';
import { ConfigError, loadConfig } from '../platform/config/env.schema.js';
import { basePathOf } from '../platform/config/urls.js';
import { readEnvironment } from '../platform/config/environment.js';
import { AppError } from '../platform/kernel/app-error.js';
import { isSymmetric } from '../platform/config/secret-settings.js';
import type { Clock } from '../platform/kernel/clock.js';
import { InternalKeys } from '../keys/internal-keys.js';
import { KeyRing } from '../keys/key-ring.js';
import { secretSigningKey, type SigningKey } from '../keys/signing-key.js';

/** Refusals of `/users/me` to a good token: of a client, or of a user who must change the password first. */
const GOOD_TOKEN_CODES: ReadonlySet<string> = new Set(['user_required', 'password_change_required']);
const ANSWER_MAX_BYTES = 64 * 1024;

/** The verdict on a token, with the error code of a refusal. */
export interface Judgement {
  /** Null if the verdict is unknown. */
  readonly accepted: boolean | null;
  readonly verdict: string;
  /** The answer of the running service, if it was asked. */
  readonly service?: string;
}

/** A token of valid shape. */
interface Presented extends ParsedToken {
  readonly token: string;
}

/** The keys a running service publishes. */
interface Published {
  readonly keys: RemoteKeys;
  /** Whether the key set could be fetched. */
  readonly isComplete: boolean;
}

/** The answer of the service; `accepted` is absent if the service neither accepts nor refuses the token. */
interface Answer {
  readonly accepted?: boolean;
  readonly isNotAsked?: true;
  readonly service: string;
}

/**
 * Whether the service would accept a token: by these settings and, with `url`, by the published keys and the answer of
 * the running service, which alone knows revocations. The settings do not hold the keys of the key ring, so without `url`
 * a token of such a key is refused for its claims, or its verdict is unknown. Each request to the service times out after
 * five seconds.
 */
export async function judge(presented: Presented, clock: Clock, url?: URL): Promise<Judgement> {
  if (!url) return bySettings(presented, clock);
  const [published, answer] = await Promise.all([keysOf(url), byService(url, presented)]);
  const here = await bySettings(presented, clock, published);
  // Without a verdict of the service only a refusal counts, because the token may have been revoked.
  const withoutAnswer = here.accepted === false || answer.isNotAsked ? here.accepted : null;
  return { ...here, accepted: answer.accepted ?? withoutAnswer, service: answer.service };
}

async function keysOf(url: URL): Promise<Published> {
  let isComplete = true;
  const keys = new RemoteKeys(below(url, '/.well-known/jwks.json'), systemClock, () => {
    isComplete = false;
  });
  await keys.refresh();
  return { keys, isComplete };
}

async function bySettings(presented: Presented, clock: Clock, published?: Published): Promise<Judgement> {
  const config = await currentConfig();
  if (!config) {
    return { accepted: null, verdict: 'unknown: the service does not start with these settings' };
  }
  const type = presented.claims['type'] === 'refresh' ? 'refresh' : 'access';
  const former = formerSecretKey(config, presented);
  const ring = ringOf(config, presented, { published, former });
  const algorithm = algorithmOfForeignKey(ring, config, presented, published);
  if (algorithm) return withoutItsKey({ type, algorithm }, presented, config, clock, published);
  try {
    const internalKeys = new InternalKeys(config.keys);
    new TokenService(new JwtService({}), ring, internalKeys, clock, config.tokens).verify(
      type,
      presented.token,
    );
    return { accepted: true, verdict: acceptance(type, presented, config, former) };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const { cause, ...facts } = error.diagnosis ?? {};
    return refused(error.code, String(cause), facts);
  }
}

function acceptance(
  type: TokenType,
  { claims }: Presented,
  { keys }: Config,
  former: SigningKey | undefined,
): string {
  if (!former) return `would be accepted as ${type} token, unless it was revoked`;
  const until = new Date((claims['exp'] as number) * 1000).toISOString();
  return (
    `would be accepted as ${type} token until ${until}, unless it was revoked, if the service issued it before its key ` +
    `for ${keys.algorithm} began to sign: SECRET_KEY signed it with ${former.algorithm}`
  );
}

/** The verdict without the key: refused for its header or claims, else unknown. */
function withoutItsKey(
  { type, algorithm }: { readonly type: TokenType; readonly algorithm: Algorithm },
  presented: Presented,
  { tokens }: Config,
  clock: Clock,
  published: Published | undefined,
): Judgement {
  const key = keyFor(presented.header, () => ({ algorithm }));
  const rules = { ...tokens, audiences: new Audiences(tokens).identifiers };
  const fault = 'cause' in key ? key : claimsFault(type, presented, rules, clock.now());
  if (fault) return refused(fault.code, fault.cause, fault.more);
  const missing = published?.isComplete ? 'publishes no secret' : 'does not return its keys';
  const service = published ? `the service ${missing}` : 'the service may have it: use --url';
  return { accepted: null, verdict: `unknown: the settings do not hold its key, and ${service}` };
}

async function currentConfig(): Promise<Config | undefined> {
  try {
    const { environment, problems } = await readEnvironment(undefined, undefined, false);
    return loadConfig(environment, problems);
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}

/** The key of a secret of the settings that signed the token with HS* before `JWT_ALGORITHM` was changed. */
function formerSecretKey({ keys }: Config, { header }: Presented): SigningKey | undefined {
  const algorithm = ALGORITHMS.find((name) => name === header['alg']);
  if (algorithm === undefined || !isSymmetric(algorithm) || algorithm === keys.algorithm) return undefined;
  return [keys.secret, ...keys.previousSecrets]
    .filter((secret) => secret !== undefined)
    .map((secret) => secretSigningKey(secret, algorithm, true))
    .find(({ kid }) => kid === header['kid']);
}

function ringOf(
  config: Config,
  { header }: Presented,
  {
    published,
    former,
  }: { readonly published: Published | undefined; readonly former: SigningKey | undefined },
): KeyRing {
  const ring = new KeyRing(config.keys);
  const key = former ?? (typeof header['kid'] === 'string' ? published?.keys.get(header['kid']) : undefined);
  // A published key verifies now; the key set does not hold its times.
  const times = { activeFrom: 0, activeUntil: null, verifyUntil: null, compromisedAt: null };
  if (key) ring.hold([{ ...key, signWith: undefined, ...times }]);
  return ring;
}

/** The algorithm of the token if its key is unknown here and may be a key of the service; else undefined. */
function algorithmOfForeignKey(
  ring: KeyRing,
  { keys }: Config,
  { header, claims }: Presented,
  published: Published | undefined,
): Algorithm | undefined {
  const { kid, alg } = header;
  const algorithm = ALGORITHMS.find((name) => name === alg);
  if (algorithm === undefined || typeof kid !== 'string' || ring.find(kid)) return undefined;
  // The root secret of the settings signs refresh tokens.
  if (claims['type'] === 'refresh') return undefined;
  const isSecret = algorithm.startsWith('HS');
  // A secret is in the settings or nowhere, and every other key is published.
  const isNowhere = isSecret ? algorithm === keys.algorithm : published?.isComplete === true;
  return isNowhere ? undefined : algorithm;
}

function refused(code: string, cause: string, facts: Readonly<Record<string, unknown>> = {}): Judgement {
  const more = Object.keys(facts).length === 0 ? '' : ` ${JSON.stringify(facts)}`;
  return { accepted: false, verdict: `would be refused: ${code}, ${cause}${more}` };
}

/** The URL of a path of a service, whose own URL may have a path too. */
function below(url: URL, path: string): string {
  return `${url.origin}${basePathOf(url.href)}${path}`;
}

/** A path that takes every good token of the audience: `/auth/verify` takes none for the service itself. */
function pathThatTakes({ iss, aud }: ParsedToken['claims']): string {
  return aud === iss ? '/users/me' : '/auth/verify';
}

async function byService(url: URL, { token, claims }: Presented): Promise<Answer> {
  // The service refuses a refresh token here, also a valid one, for its type.
  if (claims['type'] === 'refresh') {
    return { isNotAsked: true, service: 'not asked: it verifies only access tokens' };
  }
  const where = below(url, pathThatTakes(claims));
  const init = { headers: { authorization: `Bearer ${token}` } };
  try {
    const { status, headers, text } = await boundedFetch(where, init, { maxBytes: ANSWER_MAX_BYTES });
    const { code, detail, request_id: id, ...profile } = parsed(text);
    // Another server may answer 200 to anything.
    const isOurs =
      headers.has('x-auth-user') || (typeof profile['id'] === 'string' && profile['id'] === claims['sub']);
    if (status === 200 && isOurs) return { accepted: true, service: '200' };
    if (typeof code !== 'string') return { service: `${status}, which is not an answer of Latchkey` };
    const service = `${status} ${code}: ${String(detail)} (request id ${String(id)})`;
    if (GOOD_TOKEN_CODES.has(code)) return { accepted: true, service };
    return status === 401 || status === 403 ? { accepted: false, service } : { service };
  } catch (error) {
    return { service: `no answer: ${(error as Error).message}` };
  }
}

function parsed(text: string): Record<string, unknown> {
  try {
    return (JSON.parse(text) ?? {}) as Record<string, unknown>;
  } catch {
    return {};
  }
}
