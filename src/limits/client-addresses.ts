import { Inject, Injectable } from '@nestjs/common';
import { BlockList, isIP, isIPv6 } from 'node:net';
import { HTTP_CONFIG, type HttpConfig } from '../platform/config/config.js';
import { LruCache } from '../platform/pacing/lru-cache.js';

const KNOWN = 1000;

/** Tells whose requests are counted together. */
@Injectable()
export class ClientAddresses {
  private readonly proxies = new BlockList();
  /** Answers of lately: the same few clients ask again and again, and a block list takes its time. */
  private readonly known = new LruCache<string>(KNOWN);

  constructor(@Inject(HTTP_CONFIG) { trustedProxies }: HttpConfig) {
    for (const range of trustedProxies) {
      const [address = '', prefix] = range.split('/');
      const family = isIPv6(address) ? 'ipv6' : 'ipv4';
      if (prefix === undefined) this.proxies.addAddress(address, family);
      else this.proxies.addSubnet(address, Number(prefix), family);
    }
  }

  /**
   * The client behind an address: an IPv4 address, or the /64 of an IPv6 one, since a single household has as many
   * addresses as it likes. Undefined where it is not known: no address, or a trusted proxy's own, which says that
   * the proxy did not tell. Nobody is to share a counter with strangers for that.
   */
  clientOf(ip: string | null): string | undefined {
    if (ip === null) return undefined;
    const known = this.known.get(ip);
    if (known !== undefined) return known;
    const client = this.find(ip);
    if (client !== undefined) this.known.set(ip, client);
    return client;
  }

  private find(ip: string): string | undefined {
    const address = plain(ip);
    if (isIP(address) === 0) return undefined;
    if (this.proxies.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')) return undefined;
    return isIPv6(address) ? `${network(address)}::/64` : address;
  }
}

/** An IPv4 address that came in over an IPv6 socket is written as it is. */
function plain(ip: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip);
  return mapped?.[1] ?? ip.replace(/%.*$/, '');
}

/** The first four groups of an IPv6 address. */
function network(address: string): string {
  const [head = '', tail] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  if (tail !== undefined) {
    const dotted = after.some((group) => group.includes('.')) ? 1 : 0;
    groups.push(...Array.from({ length: 8 - groups.length - after.length - dotted }, () => '0'), ...after);
  }
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
