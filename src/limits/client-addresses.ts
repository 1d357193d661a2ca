import { Inject, Injectable } from '@nestjs/common';
import { HTTP_CONFIG, type HttpConfig } from '../platform/config/config.js';
import { AddressRange, clientNetworkOf } from '../platform/kernel/ip-address.js';
import { LruCache } from '../platform/pacing/lru-cache.js';

/** Addresses whose client is cached. */
const CACHED = 1000;

/** Finds the client that the limits count a request for. */
@Injectable()
export class ClientAddresses {
  private readonly proxies: readonly AddressRange[];
  /** Matching ranges is slow, and most requests come from few clients. */
  private readonly clients = new LruCache<string>(CACHED);

  constructor(@Inject(HTTP_CONFIG) { trustedProxies }: HttpConfig) {
    this.proxies = trustedProxies
      .map((range) => AddressRange.parse(range))
      .filter((range) => range !== undefined);
  }

  /**
   * The client behind an address, see {@link clientNetworkOf}. Undefined where the client is unknown: `ip` is no
   * address, or belongs to a trusted proxy that sent no X-Forwarded-For, whose clients must not share one counter.
   */
  clientOf(ip: string | null): string | undefined {
    if (ip === null) return undefined;
    const known = this.clients.get(ip);
    if (known !== undefined) return known;
    const client = this.find(ip);
    if (client !== undefined) this.clients.set(ip, client);
    return client;
  }

  private find(ip: string): string | undefined {
    const network = clientNetworkOf(ip);
    return network === undefined || this.proxies.some((range) => range.holds(ip)) ? undefined : network;
  }
}
