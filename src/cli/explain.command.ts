import { text } from 'node:stream/consumers';
import { parseToken, type ParsedToken } from '@latchkey/token-rules';
import { SystemClock, type Clock } from '../platform/kernel/clock.js';
import { EXIT, UsageError, type Command } from './command.js';
import { judge, type Judgement } from './token-judgement.js';

const MINUTE_MS = 60_000;

/** The output of the command. */
interface Explanation extends Judgement {
  readonly header: unknown;
  readonly claims: unknown;
  readonly now: string;
  readonly times: readonly string[];
}

/**
 * Prints header, claims and times of a token, in UTC, in local time and relative to this machine's clock, and whether a
 * service with these settings would accept the token. Without `url` the keys of the key ring and revocations are unknown;
 * with `url` the running service is asked too. Exit status 1 if the token would be refused, 69 if the verdict is unknown.
 */
export const explainCommand: Command = async ([argument], { json, url }, { out }) => {
  if (argument === undefined) {
    throw new UsageError('token explain needs a token, or - to read it from standard input');
  }
  const asked = url === undefined ? undefined : serviceAt(url);
  const token = (argument === '-' ? await text(process.stdin) : argument).trim().replace(/^bearer +/i, '');
  const clock = new SystemClock();
  const shaped = parseToken(token);
  if ('malformed' in shaped) {
    const verdict = `Not a token of this service: ${shaped.malformed}`;
    out(json ? `${JSON.stringify({ accepted: false, verdict })}\n` : `${verdict}.\n`);
    return EXIT.refused;
  }
  const judgement = await judge({ ...shaped, token }, clock, asked);
  const explanation: Explanation = { ...describe(shaped, clock), ...judgement };
  out(json ? `${JSON.stringify(explanation)}\n` : asText(explanation));
  if (explanation.accepted === null) return EXIT.unavailable;
  return explanation.accepted ? EXIT.done : EXIT.refused;
};

function serviceAt(url: string): URL {
  if (/^https?:\/\/[^@]+$/.test(url) && URL.canParse(url)) return new URL(url);
  throw new UsageError('--url must be the URL of a service, such as http://localhost:3000');
}

function describe({ header, claims }: ParsedToken, clock: Clock): Omit<Explanation, keyof Judgement> {
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
    return `${name}${JSON.stringify(seconds)}, which is not a time in Unix seconds`;
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

function asText({ header, claims, now, times, verdict, service }: Explanation): string {
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
