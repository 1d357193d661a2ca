import { JwtService } from '@nestjs/jwt';
import { text } from 'node:stream/consumers';
import { shapeOf, type ShapedToken } from '../../packages/verifier/src/token-shape.js';
import { TokenService } from '../auth/token.service.js';
import { ConfigError, loadConfig } from '../config/env.schema.js';
import { readEnvironment } from '../config/environment.js';
import { AppError } from '../kernel/app-error.js';
import { SystemClock, type Clock } from '../kernel/clock.js';
import { KeyRing } from '../keys/key-ring.js';
import { EXIT, UsageError, type Command } from './command.js';

const MINUTE_MS = 60_000;

/** What the command found out about a token; `verdict` is in the words of the contract's codes. */
interface Explanation {
  readonly header: unknown;
  readonly claims: unknown;
  readonly now: string;
  readonly times: readonly string[];
  readonly accepted: boolean;
  readonly verdict: string;
  /** What the running service answered, where it was asked. */
  readonly service?: string;
}

/**
 * Prints header, claims and times of a token, in UTC and local time and as a distance from this machine's clock, and
 * whether the service with the settings at hand would take it. Works offline, where revocation is not known; with `url`
 * the running service is asked too. Exit status 1 where the token would be refused.
 */
export const explainCommand: Command = async ([argument], { json, url }, { out }) => {
  if (argument === undefined) {
    throw new UsageError('token explain needs a token, or - to read it from standard input');
  }
  const token = (argument === '-' ? await text(process.stdin) : argument).trim().replace(/^bearer +/i, '');
  const clock = new SystemClock();
  const shaped = shapeOf(token);
  if ('misshapen' in shaped) {
    out(`Not a token of this service: ${shaped.misshapen}.\n`);
    return EXIT.refused;
  }
  const judgement = await judged(token, shaped, clock);
  const asked = url === undefined ? {} : await askedService(url, token);
  const explanation: Explanation = { ...described(shaped, clock), ...judgement, ...asked };
  out(json ? `${JSON.stringify(explanation)}\n` : written(explanation));
  return explanation.accepted ? EXIT.done : EXIT.refused;
};

function described({ header, claims }: ShapedToken, clock: Clock): Omit<Explanation, 'accepted' | 'verdict'> {
  const now = clock.now();
  const times = Object.entries({
    issued: claims['iat'],
    'not before': claims['nbf'],
    expires: claims['exp'],
  });
  return {
    header,
    claims,
    now: bothZones(now),
    times: times.filter(([, time]) => time !== undefined).map(([label, time]) => timeLine(label, time, now)),
  };
}

function timeLine(label: string, seconds: unknown, now: number): string {
  const name = label.padEnd(12);
  if (typeof seconds !== 'number' || !Number.isFinite(seconds) || Math.abs(seconds) > 8.64e12) {
    return `${name}${JSON.stringify(seconds)}, which is no time in Unix seconds`;
  }
  const distance = Math.round(seconds - now / 1000);
  const relation = distance >= 0 ? `in ${distance} s` : `${-distance} s ago`;
  return `${name}${bothZones(seconds * 1000)}  (${relation} by this machine's clock)`;
}

function bothZones(time: number): string {
  const offset = -new Date(time).getTimezoneOffset();
  const sign = offset < 0 ? '-' : '+';
  const zone = `${sign}${pad(Math.trunc(Math.abs(offset) / 60))}:${pad(Math.abs(offset) % 60)}`;
  const local = new Date(time + offset * MINUTE_MS).toISOString().slice(0, -1);
  return `${new Date(time).toISOString()} UTC, ${local}${zone} local`;
}

function pad(value: number): string {
  return String(value).padStart(2, '0');
}

async function judged(
  token: string,
  { claims }: ShapedToken,
  clock: Clock,
): Promise<Pick<Explanation, 'accepted' | 'verdict'>> {
  const type = claims['type'] === 'refresh' ? 'refresh' : 'access';
  try {
    const { environment, problems } = await readEnvironment(undefined, undefined, false);
    const config = loadConfig(environment, problems);
    new TokenService(new JwtService({}), new KeyRing(config.keys), clock, config.tokens).verify(type, token);
    return { accepted: true, verdict: `would be accepted as ${type} token, unless it was revoked` };
  } catch (error) {
    if (error instanceof ConfigError) {
      return { accepted: false, verdict: 'cannot be judged: the settings here do not start the service' };
    }
    if (!(error instanceof AppError)) throw error;
    const { cause, ...facts } = error.diagnosis ?? {};
    const more = Object.keys(facts).length === 0 ? '' : ` ${JSON.stringify(facts)}`;
    return { accepted: false, verdict: `would be refused: ${error.code}, ${String(cause)}${more}` };
  }
}

/** The answer of the service itself, which alone knows what was revoked. */
async function askedService(url: string, token: string): Promise<{ service: string; accepted: boolean }> {
  const response = await fetch(new URL('/auth/verify', url), {
    headers: { authorization: `Bearer ${token}` },
  });
  const {
    code,
    detail,
    request_id: id,
  } = (await response.json().catch(() => ({}))) as Record<string, unknown>;
  const why = typeof code === 'string' ? ` ${code}: ${String(detail)} (request id ${String(id)})` : '';
  return { service: `${response.status}${why}`, accepted: response.ok };
}

function written({ header, claims, now, times, verdict, service }: Explanation): string {
  const json = (value: unknown): string => JSON.stringify(value, null, 2);
  return [
    `header      ${json(header)}`,
    `claims      ${json(claims)}`,
    `now         ${now}`,
    ...times,
    `verdict     ${verdict}`,
    ...(service === undefined ? [] : [`service     ${service}`]),
    '',
  ].join('\n');
}
