import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

/** A node that names no address; RFC 7239 section 6.2. */
const UNKNOWN = 'unknown';
/** IPv4 or a bracketed IPv6 address, then a port (RFC 7239 section 6); obfuscated ports begin with an underscore. */
const WITH_PORT = /^(?:\[([^\]]+)\]|([\d.]+))(?::(?:\d{1,5}|_[\w.-]+))?$/;

/** The address of a node such as `1.2.3.4:5555` or `"[2001:db8::1]:80"`; undefined where it names none (`_x`, `unknown`). */
export function addressOfNode(node: string): string | undefined {
  const text = node.trim().replace(/^"(.*)"$/, '$1');
  const [, v6, v4 = text] = WITH_PORT.exec(text) ?? [];
  // A zone names an interface of the proxy, not of this machine.
  const address = (v6 ?? v4).replace(/%.*$/, '');
  return isIP(address) === 0 ? undefined : address;
}

/**
 * Replaces the nodes of `X-Forwarded-For` by their addresses, since Fastify reads addresses alone; a node without an
 * address becomes `unknown`.
 */
export function simplifyForwardedFor({ headers }: IncomingMessage): void {
  const given = headers['x-forwarded-for'];
  if (typeof given !== 'string') return;
  headers['x-forwarded-for'] = given
    .split(',')
    .map((node) => addressOfNode(node) ?? UNKNOWN)
    .join(', ');
}
