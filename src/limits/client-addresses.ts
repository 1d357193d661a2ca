import { Inject, Injectable } from '@nestjs/common';
import { HTTP_CONFIG, type HttpConfig } from '../platform/config/config.js';
import { AddressRange, clientNetworkOf } from '../platform/kernel/ip-address.js';
import { LruCache } from '../platform/pacing/lru-cache.js';

/** Addresses whose client is cached. */
const CACHED = 1000;

/** The client of every request whose address cannot be read; together they share one counter. */
const UNREADABLE = 'unreadable';

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
   * The client behind an address, see {@link clientNetworkOf}; one client for all that is no address. Undefined where
   * `ip` belongs to a trusted proxy that sent no X-Forwarded-For, whose clients must not share one counter.
   */
  clientOf(ip: string | null): string | undefined {
    if (ip === null) return UNREADABLE;
    const known = this.clients.get(ip);
    if (known !== undefined) return known;
    const client = this.find(ip);
    if (client !== undefined) this.clients.set(ip, client);
    return client;
  }

  /** Whether an address belongs to a trusted proxy. */
  isProxy(ip: string): boolean {
    return this.proxies.some((range) => range.holds(ip));
  }

  private find(ip: string): string | undefined {
    return this.isProxy(ip) ? undefined : (clientNetworkOf(ip) ?? UNREADABLE);
  }
}
