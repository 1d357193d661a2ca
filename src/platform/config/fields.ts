import { isIP } from 'node:net';
import { z } from 'zod';

/** A whole number of a unit, from `min` to `max`. */
export function integer(unit: string, min: number, max: number, must = 'must be a whole number of') {
  const message = `${must} ${unit} from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,10}$/, message)
    .transform(Number)
    .refine((value) => value >= min && value <= max, message);
}

/** An IP address, in brackets or without, or a host name. */
export function host() {
  return z
    .string()
    .transform((value) => value.replace(/^\[(.*)\]$/, '$1'))
    .refine(
      (value) => isIP(value) !== 0 || /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?$/i.test(value),
      'must be an IP address or a host name, without scheme and port, such as 127.0.0.1, ::1 or localhost',
    );
}

/** A rate such as `30/3600`: 30 requests in 3600 seconds. */
export function rate() {
  const message = 'must be a number of requests and of seconds, such as 30/3600';
  return z
    .string()
    .regex(/^[1-9]\d{0,8}\/[1-9]\d{0,6}$/, message)
    .transform((value) => {
      const [points = 0, seconds = 0] = value.split('/').map(Number);
      return { points, seconds };
    });
}

/** A list of texts, separated by commas unless given otherwise; empty items are dropped. */
export function list(separator: RegExp = /\s*,\s*/) {
  return z.string().transform((value) => value.split(separator).filter((item) => item !== ''));
}

/** An IP address or a CIDR range. */
export const cidr = z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]);
