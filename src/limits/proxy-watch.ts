import { Inject, Injectable } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { HTTP_CONFIG, type HttpConfig } from '../platform/config/config.js';
import { LOG, type Log } from '../platform/kernel/log.js';
import { ClientAddresses } from './client-addresses.js';

/** A single address outside this machine that sends this many requests is taken for a proxy. */
const TELLING_REQUESTS = 1000;

/**
 * Warns the operator once: of an unknown proxy, behind which all clients have one address and share its limits, or of a
 * trusted proxy that does not send the client's address, behind which no limit by address holds.
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
    // A second address settles the question.
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
