import { Inject, Injectable } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { HTTP_CONFIG, type HttpConfig } from '../platform/config/config.js';
import { LOG, type Log } from '../platform/kernel/log.js';
import { ClientAddresses } from './client-addresses.js';

/** From so many requests of a single address outside this machine, the address is probably a proxy's. */
const TELLING_REQUESTS = 1000;

/**
 * Warns once of a proxy that TRUSTED_PROXIES does not name, behind which all clients share one address and its limits,
 * and of a trusted proxy that does not name its clients, which then have no limit by address.
 */
@Injectable()
export class ProxyWatch {
  private readonly warned = new Set<string>();
  private firstPeer: string | undefined;
  private requests = 0;

  constructor(
    @Inject(HTTP_CONFIG) private readonly http: HttpConfig,
    @Inject(LOG) private readonly log: Log,
    private readonly addresses: ClientAddresses,
  ) {}

  /** Looks at one request. */
  see({ headers, socket }: IncomingMessage): void {
    const peer = socket.remoteAddress;
    if (peer === undefined) return;
    const isClient = this.addresses.clientOf(peer) !== undefined;
    const forwarded = headers['x-forwarded-for'] ?? headers['forwarded'];
    if (isClient && forwarded !== undefined) {
      this.warn(
        'X-Forwarded-For arrives from an address that TRUSTED_PROXIES does not name; it is not believed',
        peer,
      );
    }
    if (!isClient && headers['x-forwarded-for'] === undefined) {
      this.warn('a trusted proxy sends no X-Forwarded-For; its clients are not limited by address', peer);
    }
    if (isClient) this.count(peer);
  }

  private count(peer: string): void {
    if (this.requests > TELLING_REQUESTS || this.http.trustedProxies.length > 0) return;
    this.firstPeer ??= peer;
    // A request from a second address ends the count.
    this.requests = this.firstPeer === peer ? this.requests + 1 : TELLING_REQUESTS + 1;
    if (this.requests !== TELLING_REQUESTS || /^(::ffff:)?127\.|^::1$/.test(peer)) return;
    this.warn('all requests come from one address: if it is a proxy, name it in TRUSTED_PROXIES', peer);
  }

  private warn(message: string, peer: string): void {
    if (this.warned.has(message)) return;
    this.warned.add(message);
    this.log.warn({ peer }, message);
  }
}
