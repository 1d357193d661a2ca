import { Inject, Injectable } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { HTTP_CONFIG, type HttpConfig } from '../platform/config/config.js';
import { addressOfNode } from '../platform/http/forwarded-for.js';
import { LOG, type Log } from '../platform/kernel/log.js';
import { ClientAddresses } from './client-addresses.js';

/** From so many requests of a single address outside this machine, the address is probably a proxy's. */
const TELLING_REQUESTS = 1000;
/** So many characters of a node are logged. */
const SHOWN = 100;

/**
 * Warns once of a proxy that TRUSTED_PROXIES does not name, behind which all clients share one address and its limits,
 * and of a trusted proxy whose clients have no address: it names none, or its X-Forwarded-For cannot be read.
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
    if (!isClient) this.watchProxy(headers['x-forwarded-for'], peer);
    if (isClient) this.count(peer);
  }

  private watchProxy(forwarded: string | string[] | undefined, peer: string): void {
    if (typeof forwarded !== 'string') {
      this.warn('a trusted proxy sends no X-Forwarded-For; its clients are not limited by address', peer);
      return;
    }
    const nodes = forwarded.split(',').toReversed();
    const client = nodes.find((node) => !this.addresses.isProxy(addressOfNode(node) ?? ''));
    if (client !== undefined && addressOfNode(client) === undefined) {
      const facts = { forwarded_for: client.trim().slice(0, SHOWN) };
      const message =
        'a trusted proxy sends an X-Forwarded-For without the address of its client; such clients share their limits';
      this.warn(message, peer, facts);
    }
  }

  private count(peer: string): void {
    if (this.requests > TELLING_REQUESTS || this.http.trustedProxies.length > 0) return;
    this.firstPeer ??= peer;
    // A request from a second address ends the count.
    this.requests = this.firstPeer === peer ? this.requests + 1 : TELLING_REQUESTS + 1;
    if (this.requests !== TELLING_REQUESTS || /^(::ffff:)?127\.|^::1$/.test(peer)) return;
    this.warn('all requests come from one address: if it is a proxy, name it in TRUSTED_PROXIES', peer);
  }

  private warn(message: string, peer: string, facts: object = {}): void {
    if (this.warned.has(message)) return;
    this.warned.add(message);
    this.log.warn({ peer, ...facts }, message);
  }
}
