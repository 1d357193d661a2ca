import { describe, expect, it } from '@jest/globals';
import type { IncomingMessage } from 'node:http';
import { Writable } from 'node:stream';
import { createLog } from '../platform/kernel/log.js';
import { ClientAddresses } from './client-addresses.js';
import { ProxyWatch } from './proxy-watch.js';

/** More than ProxyWatch needs to decide. */
const ENOUGH = 1500;

function watch(trustedProxies: string[]) {
  const lines: string[] = [];
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push((JSON.parse(chunk.toString()) as { msg: string }).msg);
      done();
    },
  });
  const http = {
    host: '',
    port: 0,
    metricsPort: undefined,
    corsOrigins: [],
    shutdownDelayMs: 0,
    trustedProxies,
  };
  const log = createLog({ level: 'info', format: 'json', destination });
  const watching = new ProxyWatch(http, log, new ClientAddresses(http));
  const see = (remoteAddress: string, headers: Record<string, string> = {}, times = 1): void => {
    for (let index = 0; index < times; index++) {
      watching.see({ headers, socket: { remoteAddress } } as unknown as IncomingMessage);
    }
  };
  return { lines, see };
}

describe('one log line warns that', () => {
  it.each(['x-forwarded-for', 'forwarded'])(
    '%s arrives from an address that is no trusted proxy',
    (header) => {
      const { lines, see } = watch(['10.0.0.1']);
      see('10.0.0.2', { [header]: '198.51.100.1' }, ENOUGH);
      expect(lines).toEqual([expect.stringContaining('TRUSTED_PROXIES does not name')]);
    },
  );

  it('a trusted proxy does not name its client', () => {
    const { lines, see } = watch(['10.0.0.1']);
    see('::ffff:10.0.0.1', {}, ENOUGH);
    expect(lines).toEqual([expect.stringContaining('sends no X-Forwarded-For')]);
  });

  it.each(['unknown', '_x', '198.51.100.1, _x', '_x, 10.0.0.2', '', '198.51.100.1:port'])(
    'a trusted proxy sends an X-Forwarded-For that names no client: %j',
    (header) => {
      const { lines, see } = watch(['10.0.0.0/8']);
      see('10.0.0.1', { 'x-forwarded-for': header }, ENOUGH);
      expect(lines).toEqual([expect.stringContaining('without the address of its client')]);
    },
  );

  it('all requests come from one address', () => {
    const { lines, see } = watch([]);
    see('172.17.0.1', {}, ENOUGH);
    expect(lines).toEqual([expect.stringContaining('all requests come from one address')]);
  });
});

describe('no log line is written', () => {
  it('for requests from different addresses', () => {
    const { lines, see } = watch([]);
    see('172.17.0.1', {}, 900);
    see('172.17.0.2', {}, ENOUGH);
    see('172.17.0.1', {}, ENOUGH);
    expect(lines).toEqual([]);
  });

  it('for a trusted proxy that names its client', () => {
    const { lines, see } = watch(['10.0.0.0/8']);
    see('10.0.0.1', { 'x-forwarded-for': '198.51.100.1' }, ENOUGH);
    see('10.0.0.1', { 'x-forwarded-for': '_made, 198.51.100.1:80, 10.0.0.2:80' });
    see('10.0.0.1', { 'x-forwarded-for': '"[2001:db8::1]:80"' });
    expect(lines).toEqual([]);
  });

  it.each(['127.0.0.1', '::1', '::ffff:127.0.0.1'])('for one developer at %s', (address) => {
    const { lines, see } = watch([]);
    see(address, {}, ENOUGH);
    expect(lines).toEqual([]);
  });
});
