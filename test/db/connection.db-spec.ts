import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { unavailableDatabase, whenReachable } from '../../src/platform/database/connection.js';
import { findsPooler } from '../../src/platform/database/pooler.js';
import { testServer, type TestTarget } from '../support/database/database.js';

const TIMEOUT_MS = 1000;
const WAIT_MS = 10_000;

let busy: Server;
let target: TestTarget;
let connections: number;
/** How many connections get no answer before later ones are passed on. */
let silent: number;
const sockets: Socket[] = [];

/** A server that is so busy that it answers late. */
beforeEach(async () => {
  connections = 0;
  const { host, port } = testServer();
  busy = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    if (++connections <= silent) return;
    const onwards = connect(join(host, `.s.PGSQL.${port}`));
    socket.pipe(onwards).pipe(socket);
  });
  await new Promise<void>((resolve) => busy.listen(0, '127.0.0.1', resolve));
  target = { ...testServer(), host: '127.0.0.1', port: (busy.address() as AddressInfo).port };
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await new Promise((resolve) => busy.close(resolve));
});

describe('a database that accepts a connection and does not answer in time', () => {
  it('counts as unreachable', async () => {
    silent = Infinity;
    const error = await findsPooler(target, TIMEOUT_MS).catch((reason: unknown) => reason);
    expect(unavailableDatabase(error)?.code).toBe('unavailable');
  });

  it('is tried again, like one that refuses the connection', async () => {
    silent = 1;
    expect(await whenReachable(() => findsPooler(target, TIMEOUT_MS), WAIT_MS)).toBe(false);
    expect(connections).toBe(2);
  });
});
