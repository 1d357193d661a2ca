import { Inject, Injectable } from '@nestjs/common';
import { HTTP_CONFIG, type HttpConfig } from '../platform/config/config.js';
import { AddressRange, clientNetworkOf } from '../platform/kernel/ip-address.js';
import { LruCache } from '../platform/pacing/lru-cache.js';

const KNOWN = 1000;

/** Groups requests by client for limits. */
@Injectable()
export class ClientAddresses {
  private readonly proxies: readonly AddressRange[];
  /** The same few clients ask again and again, and matching ranges takes its time. */
  private readonly known = new LruCache<string>(KNOWN);

  constructor(@Inject(HTTP_CONFIG) { trustedProxies }: HttpConfig) {
    this.proxies = trustedProxies
      .map((range) => AddressRange.parse(range))
      .filter((range) => range !== undefined);
  }

  /**
   * The client behind an address, see {@link clientNetworkOf}. Undefined where it is not known: no address, or that of a
   * trusted proxy, which did not say for whom it asks. Strangers must not share a counter for that.
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
    const network = clientNetworkOf(ip);
    return network === undefined || this.proxies.some((range) => range.holds(ip)) ? undefined : network;
  }
}
