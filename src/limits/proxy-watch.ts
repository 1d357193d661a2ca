import { Inject, Injectable } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { HTTP_CONFIG, type HttpConfig } from '../platform/config/config.js';
import { LOG, type Log } from '../platform/kernel/log.js';
import { ClientAddresses } from './client-addresses.js';

/** So many requests from a single address outside this machine are a proxy's. */
const TELLING_REQUESTS = 1000;

/**
 * Tells the operator, once, of proxies the settings do not know, behind which all clients have one address and share
 * each other's limits; or of trusted ones that do not say whom they speak for, where no limit by address holds.
 */
@Injectable()
export class ProxyWatch {
  private readonly told = new Set<string>();
  private onlyPeer: string | undefined;
  private requests = 0;

  constructor(
    @Inject(HTTP_CONFIG) private readonly http: HttpConfig,
    @Inject(LOG) private readonly log: Log,
    private readonly addresses: ClientAddresses,
  ) {}

  see({ headers, socket }: IncomingMessage): void {
    const peer = socket.remoteAddress;
    if (peer === undefined) return;
    const isClient = this.addresses.clientOf(peer) !== undefined;
    const forwarded = headers['x-forwarded-for'] ?? headers['forwarded'];
    if (isClient && forwarded !== undefined) {
      this.tell(
        'X-Forwarded-For arrives from an address that TRUSTED_PROXIES does not name; it is not believed',
        peer,
      );
    }
    if (!isClient && headers['x-forwarded-for'] === undefined) {
      this.tell('a trusted proxy sends no X-Forwarded-For; its clients are not limited by address', peer);
    }
    if (isClient) this.count(peer);
  }

  private count(peer: string): void {
    if (this.requests > TELLING_REQUESTS || this.http.trustedProxies.length > 0) return;
    this.onlyPeer ??= peer;
    // A second one, and the question is settled.
    this.requests = this.onlyPeer === peer ? this.requests + 1 : TELLING_REQUESTS + 1;
    if (this.requests !== TELLING_REQUESTS || /^(::ffff:)?127\.|^::1$/.test(peer)) return;
    this.tell('all requests come from one address: where it is a proxy, name it in TRUSTED_PROXIES', peer);
  }

  private tell(message: string, peer: string): void {
    if (this.told.has(message)) return;
    this.told.add(message);
    this.log.warn({ peer }, message);
  }
}
