import ipaddr from 'ipaddr.js';
import { isIP } from 'node:net';

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** The address in a text; an IPv4-mapped IPv6 address becomes the IPv4 address. */
function addressOf(text: string): Address | undefined {
  const plain = text.replace(/%.*$/, '');
  // ipaddr.js also accepts 1.2.3, 0x7f.1 and 017700000001, which the rest of the service does not.
  return isIP(plain) === 0 ? undefined : ipaddr.process(plain);
}

/**
 * The network of one client: an IPv4 address, or the /64 of an IPv6 address, because one household can use every
 * address of its /64. Undefined where the text is no address.
 */
export function clientNetworkOf(text: string): string | undefined {
  const address = addressOf(text);
  if (address === undefined) return undefined;
  if (address.kind() === 'ipv4') return address.toString();
  const groups = (address as ipaddr.IPv6).parts.slice(0, 4);
  return `${groups.map((group) => group.toString(16)).join(':')}::/64`;
}

/** An IP address, or a range of addresses in CIDR notation (RFC 4632). */
export class AddressRange {
  private constructor(
    readonly text: string,
    private readonly network: Address,
    private readonly bits: number,
  ) {}

  /** Undefined where the text is neither an address nor a range. */
  static parse(text: string): AddressRange | undefined {
    const [address = '', prefix, ...rest] = text.split('/');
    if (isIP(address) === 0 || address.includes('%') || rest.length > 0) return undefined;
    const network = ipaddr.parse(address);
    const most = network.kind() === 'ipv6' ? 128 : 32;
    if (prefix === undefined) return new AddressRange(text, network, most);
    const bits = /^\d{1,3}$/.test(prefix) ? Number(prefix) : Infinity;
    return bits <= most ? new AddressRange(text, network, bits) : undefined;
  }

  /** Whether the range contains an address, in any notation; false for a text that is no address. */
  holds(text: string): boolean {
    const plain = text.replace(/%.*$/, '');
    if (isIP(plain) === 0) return false;
    const address = ipaddr.parse(plain);
    return [address, ipaddr.process(plain)].some(
      (form) => form.kind() === this.network.kind() && form.match(this.network, this.bits),
    );
  }
}
