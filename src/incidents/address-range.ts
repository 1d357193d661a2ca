import { BlockList, isIP, isIPv6 } from 'node:net';

/** An IP address, or a range of them in CIDR notation (RFC 4632). */
export class AddressRange {
  private readonly list = new BlockList();

  private constructor(readonly text: string) {
    const [address = '', prefix] = text.split('/');
    const family = familyOf(address);
    if (prefix === undefined) this.list.addAddress(address, family);
    else this.list.addSubnet(address, Number(prefix), family);
  }

  /** Undefined where the text is neither. */
  static parse(text: string): AddressRange | undefined {
    const [address = '', prefix, ...rest] = text.split('/');
    const version = isIP(address);
    if (version === 0 || rest.length > 0 || address.includes('%')) return undefined;
    const bits = version === 6 ? 128 : 32;
    if (prefix !== undefined && !(/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits)) return undefined;
    return new AddressRange(text);
  }

  /** Whether an address lies in it, however it is written; never what is no address. */
  holds(address: string): boolean {
    const plain = address.replace(/%.*$/, '');
    return isIP(plain) !== 0 && this.list.check(plain, familyOf(plain));
  }
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4';
}
