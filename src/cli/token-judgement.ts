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
import { TokenService } from '../auth/token.service.js';
import { ALGORITHMS, type Algorithm, type Config } from '../platform/config/config.js';
import { ConfigError, loadConfig } from '../platform/config/env.schema.js';
import { readEnvironment } from '../platform/config/environment.js';
import { AppError } from '../platform/kernel/app-error.js';
import type { Clock } from '../platform/kernel/clock.js';
import { KeyRing } from '../keys/key-ring.js';

const ANSWER_MAX_BYTES = 64 * 1024;

/** What became of a token, in the words of the contract's codes. */
export interface Judgement {
  /** Null where it cannot be told. */
  readonly accepted: boolean | null;
  readonly verdict: string;
  /** What the running service answered, where it was asked. */
  readonly service?: string;
}

/** A token whose shape was checked. */
interface Presented extends ParsedToken {
  readonly token: string;
}

/** The keys a running service publishes. */
interface Published {
  readonly keys: RemoteKeys;
  /** Whether they could be had. */
  readonly isComplete: boolean;
}

/** What the service itself says of a token; `accepted` is absent where it says neither. */
interface Answer {
  readonly accepted?: boolean;
  readonly isNotAsked?: true;
  readonly service: string;
}

/**
 * Whether the service would take a token: by the settings at hand and, where `url` is given, by the keys that the service
 * there publishes and by its own answer, which alone knows what was revoked. A key of the ring is in no settings, so
 * without `url` a token of one is refused for what it says, or nothing is told. Waits for no answer longer than five
 * seconds.
 */
export async function judged(presented: Presented, clock: Clock, url?: URL): Promise<Judgement> {
  if (!url) return byTheSettings(presented, clock);
  const [published, answer] = await Promise.all([keysOf(url), byTheService(url, presented)]);
  const here = await byTheSettings(presented, clock, published);
  // Where the service says neither, a refusal stands, and nothing else: it may have been revoked.
  const untold = here.accepted === false || answer.isNotAsked ? here.accepted : null;
  return { ...here, accepted: answer.accepted ?? untold, service: answer.service };
}

async function keysOf(url: URL): Promise<Published> {
  let isComplete = true;
  const keys = new RemoteKeys(new URL('/.well-known/jwks.json', url).href, systemClock, () => {
    isComplete = false;
  });
  await keys.refresh();
  return { keys, isComplete };
}

async function byTheSettings(presented: Presented, clock: Clock, published?: Published): Promise<Judgement> {
  const config = await configHere();
  if (!config) {
    return { accepted: null, verdict: 'cannot be judged: the settings here do not start the service' };
  }
  const type = presented.claims['type'] === 'refresh' ? 'refresh' : 'access';
  const ring = ringOf(config, presented, published);
  const algorithm = keyIsElsewhere(ring, config, presented, published);
  if (algorithm) return withoutItsKey({ type, algorithm }, presented, config, clock, published);
  try {
    new TokenService(new JwtService({}), ring, clock, config.tokens).verify(type, presented.token);
    return { accepted: true, verdict: `would be accepted as ${type} token, unless it was revoked` };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const { cause, ...facts } = error.diagnosis ?? {};
    return refused(error.code, String(cause), facts);
  }
}

/** Of what a token says some is refused whatever its key; of the rest nothing can be told. */
function withoutItsKey(
  { type, algorithm }: { readonly type: TokenType; readonly algorithm: Algorithm },
  presented: Presented,
  { tokens }: Config,
  clock: Clock,
  published: Published | undefined,
): Judgement {
  const key = keyFor(presented.header, () => ({ algorithm }));
  const fault = 'cause' in key ? key : claimsFault(type, presented, tokens, clock.now());
  if (fault) return refused(fault.code, fault.cause, fault.more);
  const asked = published?.isComplete ? 'publishes no secret' : 'does not give its keys';
  const service = published ? `the service ${asked}` : 'the service may have it, --url asks there';
  return { accepted: null, verdict: `cannot be told: its key is not in the settings here, and ${service}` };
}

async function configHere(): Promise<Config | undefined> {
  try {
    const { environment, problems } = await readEnvironment(undefined, undefined, false);
    return loadConfig(environment, problems);
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}

function ringOf(config: Config, { header }: Presented, published: Published | undefined): KeyRing {
  const ring = new KeyRing(config.keys);
  const key = typeof header['kid'] === 'string' ? published?.keys.get(header['kid']) : undefined;
  // What is published verifies now; its times are not told.
  const times = { activeFrom: 0, activeUntil: null, verifyUntil: null, compromisedAt: null };
  if (key) ring.hold([{ ...key, signWith: undefined, ...times }]);
  return ring;
}

/** The algorithm that a token names, where its key is none that is known here and may be one of the service's. */
function keyIsElsewhere(
  ring: KeyRing,
  { keys }: Config,
  { header }: Presented,
  published: Published | undefined,
): Algorithm | undefined {
  const { kid, alg } = header;
  const algorithm = ALGORITHMS.find((name) => name === alg);
  if (algorithm === undefined || typeof kid !== 'string' || ring.find(kid)) return undefined;
  const isSecret = algorithm.startsWith('HS');
  // A secret verifies only where it is a setting, and every other key is published.
  const isNowhere = isSecret ? algorithm === keys.algorithm : published?.isComplete === true;
  return isNowhere ? undefined : algorithm;
}

function refused(code: string, cause: string, facts: Readonly<Record<string, unknown>> = {}): Judgement {
  const more = Object.keys(facts).length === 0 ? '' : ` ${JSON.stringify(facts)}`;
  return { accepted: false, verdict: `would be refused: ${code}, ${cause}${more}` };
}

async function byTheService(url: URL, { token, claims }: Presented): Promise<Answer> {
  // It would be told that it is of the wrong type, good as it may be.
  if (claims['type'] === 'refresh') {
    return { isNotAsked: true, service: 'not asked: it tells of access tokens alone' };
  }
  const where = new URL('/auth/verify', url).href;
  const init = { headers: { authorization: `Bearer ${token}` } };
  try {
    const { status, headers, text } = await boundedFetch(where, init, { maxBytes: ANSWER_MAX_BYTES });
    if (status === 200 && headers.has('x-auth-user')) return { accepted: true, service: '200' };
    const { code, detail, request_id: id } = parsed(text);
    if (typeof code !== 'string') return { service: `${status}, which is not an answer of this service` };
    const service = `${status} ${code}: ${String(detail)} (request id ${String(id)})`;
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
