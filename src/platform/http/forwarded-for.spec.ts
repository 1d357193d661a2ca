import { describe, expect, it } from '@jest/globals';
import type { IncomingMessage } from 'node:http';
import { addressOfNode, simplifyForwardedFor } from './forwarded-for.js';

describe('a node of X-Forwarded-For has the address of RFC 7239 section 6:', () => {
  it.each([
    ['192.0.2.43', '192.0.2.43'],
    ['192.0.2.43:47011', '192.0.2.43'],
    ['"192.0.2.43:80"', '192.0.2.43'],
    ['192.0.2.43:_port', '192.0.2.43'],
    ['2001:db8::1', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['[2001:db8:cafe::17]:4711', '2001:db8:cafe::17'],
    ['"[2001:db8:cafe::17]:4711"', '2001:db8:cafe::17'],
    ['"[2001:db8:cafe::17]:_x"', '2001:db8:cafe::17'],
    ['[fe80::1%eth0]:80', 'fe80::1'],
    ['::ffff:192.0.2.43', '::ffff:192.0.2.43'],
    [' 192.0.2.43 ', '192.0.2.43'],
  ])('%s is %s', (node, address) => {
    expect(addressOfNode(node)).toBe(address);
  });

  it.each([
    '',
    'unknown',
    '_hidden',
    '_SEVKISEK',
    '"_x:_y"',
    '<script>',
    '192.0.2',
    '192.0.2.43:',
    '192.0.2.43:123456',
    '[]:80',
    '[192.0.2.43',
    '[2001:db8::1]x',
  ])('none where it is %j', (node) => {
    expect(addressOfNode(node)).toBeUndefined();
  });
});

it('the header keeps the order of its nodes, and the place of a node without an address', () => {
  const request = { headers: { 'x-forwarded-for': '_x, 192.0.2.43:80,"[2001:db8::1]:443" , 10.0.0.1' } };
  simplifyForwardedFor(request as unknown as IncomingMessage);
  expect(request.headers['x-forwarded-for']).toBe('unknown, 192.0.2.43, 2001:db8::1, 10.0.0.1');
});
