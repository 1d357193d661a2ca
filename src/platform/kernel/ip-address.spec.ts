import { describe, expect, it } from '@jest/globals';
import { AddressRange } from './ip-address.js';

describe('a range of addresses', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7', true],
    ['192.0.2.7', '::ffff:192.0.2.7', true],
    ['192.0.2.7', '192.0.2.8', false],
    ['192.0.2.0/24', '192.0.2.255', true],
    ['192.0.2.0/24', '192.0.3.0', false],
    ['2001:db8::1', '2001:0db8:0:0::1', true],
    ['2001:db8::/32', '2001:db8:ffff::1%eth0', true],
    ['2001:db8::/32', '192.0.2.7', false],
    ['0.0.0.0/0', 'unknown', false],
  ])('%s contains %s: %s', (range, address, held) => {
    expect(AddressRange.parse(range)?.holds(address)).toBe(held);
  });

  it.each([
    '',
    'localhost',
    '192.0.2',
    '192.0.2.0/33',
    '2001:db8::/129',
    '192.0.2.0/',
    '192.0.2.0/24/1',
    'fe80::1%e',
  ])('is not parsed from %j', (text) => expect(AddressRange.parse(text)).toBeUndefined());
});
