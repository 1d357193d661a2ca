import { describe, expect, it } from '@jest/globals';
import { ClientAddresses } from './client-addresses.js';

const http = { host: '', port: 0, metricsPort: undefined, corsOrigins: [], shutdownDelayMs: 0 };
const addresses = new ClientAddresses({
  ...http,
  trustedProxies: ['10.0.0.0/8', '192.0.2.7', '2001:db8:1::/48'],
});

describe('a request is counted for the IPv4 address or the IPv6 /64 of its client:', () => {
  it.each([
    ['198.51.100.7', '198.51.100.7'],
    ['::ffff:198.51.100.7', '198.51.100.7'],
    ['::FFFF:198.51.100.7', '198.51.100.7'],
    ['2001:db8:2:3::1', '2001:db8:2:3::/64'],
    ['2001:db8:2:3:ffff:ffff:ffff:ffff', '2001:db8:2:3::/64'],
    ['2001:0db8:0002:0003::', '2001:db8:2:3::/64'],
    ['2001:DB8:2:3:4:5:6:7', '2001:db8:2:3::/64'],
    ['2001:db8:2::9', '2001:db8:2:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['1::', '1:0:0:0::/64'],
    ['64:ff9b::198.51.100.7', '64:ff9b:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ])('%s counts for %s', (ip, client) => {
    expect(addresses.clientOf(ip)).toBe(client);
  });
});

describe('a request is counted in one lane with all others whose address cannot be read:', () => {
  it.each([null, '', 'unknown', '_hidden', '999.1.1.1', '1.2.3'])('%s', (ip) => {
    expect(addresses.clientOf(ip)).toBe('unreadable');
  });
});

describe('a request has no known client where its address is a trusted proxy’s:', () => {
  it.each(['10.1.2.3', '192.0.2.7', '2001:db8:1:2::3'])('%s', (ip) => {
    expect(addresses.clientOf(ip)).toBeUndefined();
  });
});
