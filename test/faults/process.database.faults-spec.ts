import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { Client as Postgres } from 'pg';
import { createDatabase, testServer, urlOf, type TestDatabase } from '../support/database/database.js';
import { DatabaseProxy } from '../support/database/database-proxy.js';
import { runCli, type CliExit } from '../support/service/cli.js';
import {
  killProcesses,
  newFolder,
  runProcess,
  ServiceProcess,
  startProcess,
  type Exit,
  type Folder,
} from '../support/service/process.js';
import { newSecret } from '../support/service/server.js';

const EX_CONFIG = 78;
const LATIN1 = `latin1_${process.pid}`;
const PLAIN = `plain_${process.pid}`;
const ROLE = `app-${process.pid}`;

let folder: Folder;
let database: TestDatabase;
let tls: Server;
/** The start, and the doctor, with the same settings. */
let found: Readonly<Record<'latin1' | 'tls' | 'privilege' | 'unknownHost', Exit>>;
let diagnoses: Readonly<Record<'latin1' | 'tls' | 'privilege', CliExit>>;

async function onServer(...statements: string[]): Promise<void> {
  const client = new Postgres(testServer());
  await client.connect();
  for (const statement of statements) await client.query(statement);
  await client.end();
}

/** A server that offers TLS with a certificate of its own, and nothing more. */
async function selfSigned(): Promise<Server> {
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => join(folder.path, name)) as [string, string];
  const subject = ['-subj', '/CN=localhost', '-days', '1', '-nodes', '-newkey', 'rsa:2048'];
  execFileSync('openssl', ['req', '-x509', ...subject, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  const options = { isServer: true, key: readFileSync(key), cert: readFileSync(cert) };
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    // The client asks for TLS; S is yes.
    socket.once('data', () => {
      socket.write('S');
      new TLSSocket(socket, options).on('error', () => undefined);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

beforeAll(async () => {
  [folder, database] = await Promise.all([newFolder(), createDatabase()]);
  tls = await selfSigned();
  await onServer(
    `CREATE DATABASE ${LATIN1} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0`,
    `CREATE DATABASE ${PLAIN}`,
    `CREATE ROLE "${ROLE}" LOGIN PASSWORD 'hidden'`,
  );
  const target = testServer();
  const urls = {
    latin1: urlOf({ ...target, database: LATIN1 }),
    tls: `postgresql://a:hidden@localhost:${(tls.address() as AddressInfo).port}/a?sslmode=require`,
    privilege: urlOf({ ...target, user: ROLE, password: 'hidden', database: PLAIN }),
  };
  const settings = { SECRET_KEY: newSecret() };
  const start = (env: Record<string, string>) =>
    runProcess({ folder: folder.path, env: { ...settings, ...env } });
  const doctor = (url: string) =>
    runCli(['doctor'], { folder: folder.path, env: { ...settings, DATABASE_URL: url } });
  const [latin1, overTls, privilege, unknownHost, ...reports] = await Promise.all([
    start({ DATABASE_URL: urls.latin1 }),
    start({ DATABASE_URL: urls.tls }),
    start({ DATABASE_URL: urls.privilege }),
    start({ DATABASE_URL: urlOf(database.target), HOST: 'no-such-host.invalid' }),
    doctor(urls.latin1),
    doctor(urls.tls),
    doctor(urls.privilege),
  ]);
  found = { latin1, tls: overTls, privilege, unknownHost };
  const [first, second, third] = reports;
  diagnoses = { latin1: first, tls: second, privilege: third };
});
afterAll(async () => {
  await killProcesses();
  tls.close();
  await onServer(
    `DROP DATABASE IF EXISTS ${LATIN1} WITH (FORCE)`,
    `DROP DATABASE IF EXISTS ${PLAIN} WITH (FORCE)`,
    `DROP ROLE IF EXISTS "${ROLE}"`,
  );
  await database.drop();
  await folder.remove();
});

describe('a start and the doctor name', () => {
  it.each([
    [
      'latin1',
      /DATABASE_URL names a database with the encoding LATIN1/,
      /CREATE DATABASE latin1_\d+ ENCODING 'UTF8'/,
    ],
    [
      'tls',
      /the certificate of the server is self-signed/,
      /sslmode=verify-full&sslrootcert=.*sslmode=no-verify/,
    ],
    [
      'privilege',
      /who lacks the privilege to create tables in the schema public/,
      /GRANT USAGE, CREATE ON SCHEMA public TO "app-/,
    ],
  ] as const)('the fault of the database and its remedy: %s', (name, fault, remedy) => {
    const { code, stderr } = found[name];
    expect(code).toBe(EX_CONFIG);
    expect(stderr).toMatch(fault);
    expect(stderr).toMatch(remedy);
    const { status, stdout } = diagnoses[name];
    expect(status).toBe(1);
    expect(stdout).toMatch(new RegExp(`FAULT {2}database .*${fault.source}`));
    expect(stdout).toMatch(new RegExp(`-> .*${remedy.source}`));
    expect(stderr + stdout).not.toContain('hidden');
  });

  it('HOST where it has no address, and not the database', () => {
    const { code, stderr } = found.unknownHost;
    expect([code, stderr]).toEqual([
      EX_CONFIG,
      expect.stringMatching(/^ {2}HOST is a name without an address/m),
    ]);
    expect(stderr).not.toMatch(/database|postgres/i);
  });
});

describe('a start', () => {
  // The keys in the database are encrypted under it.
  const secret = newSecret();

  it('listens on an IPv6 address in brackets', async () => {
    const service = await startProcess({
      folder: folder.path,
      env: { SECRET_KEY: secret, DATABASE_URL: urlOf(database.target), HOST: '[::1]' },
    });
    expect(service.url).toContain('//[::1]:');
    expect((await service.client.get('/health/ready')).status).toBe(200);
    await service.stop();
  });

  it('says after a second which database it waits for, and goes on once the database can be reached', async () => {
    const proxy = await DatabaseProxy.before(database);
    const { target } = proxy;
    await proxy.cut();
    const service = new ServiceProcess({
      folder: folder.path,
      env: { SECRET_KEY: secret, DATABASE_URL: urlOf(target) },
    });
    const message = `waiting for 127.0.0.1:${target.port} (ECONNREFUSED)`;
    await service.until(({ log }) => log.some(({ msg }) => msg === message));
    await proxy.restore();
    await service.until(({ log }) => log.some(({ msg }) => msg === 'listening'));
    await service.stop();
    await proxy.cut();
  });
});
