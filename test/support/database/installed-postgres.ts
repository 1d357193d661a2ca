import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { chmod, chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { urlOf } from './database.js';

const FOLDER = '/usr/lib/postgresql';
/** PostgreSQL refuses to run as root. */
const NOBODY = { uid: 65_534, gid: 65_534 };

/** The major versions of PostgreSQL that Debian's packages installed here, oldest first. */
export const INSTALLED_MAJORS = existsSync(FOLDER)
  ? readdirSync(FOLDER)
      .filter((name) => existsSync(join(FOLDER, name, 'bin/initdb')))
      .sort((one, two) => Number(one) - Number(two))
  : [];

/** A server of an installed major version, with a cluster of its own. */
export class InstalledPostgres {
  private databases = 0;

  private constructor(
    private readonly folder: string,
    private readonly stopServer: () => Promise<void>,
  ) {}

  static async start(major: string): Promise<InstalledPostgres> {
    const account = process.getuid?.() === 0 ? NOBODY : {};
    const folder = await mkdtemp(join(tmpdir(), 'lk-installed-'));
    await chmod(folder, 0o700);
    if (process.getuid?.() === 0) await chown(folder, NOBODY.uid, NOBODY.gid);
    const program = (name: string) => join(FOLDER, major, 'bin', name);
    const data = join(folder, 'data');
    const initdb = [
      '-D',
      data,
      '-U',
      'postgres',
      '--auth=trust',
      '--encoding=UTF8',
      '--no-locale',
      '--no-sync',
    ];
    await promisify(execFile)(program('initdb'), initdb, { ...account, cwd: folder });
    const settings = [
      '-c',
      'listen_addresses=',
      '-c',
      `unix_socket_directories=${folder}`,
      '-c',
      'fsync=off',
    ];
    const child = spawn(program('postgres'), ['-D', data, ...settings], {
      ...account,
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    for await (const line of child.stderr) if (String(line).includes('ready to accept connections')) break;
    return new InstalledPostgres(folder, async () => {
      child.kill('SIGINT');
      await once(child, 'exit');
      await rm(folder, { recursive: true, force: true });
    });
  }

  /** The URL of a new database, whose owner is no superuser. */
  async newDatabase(): Promise<string> {
    const name = `d${++this.databases}`;
    const base = { host: this.folder, port: 5432, user: 'postgres', password: '' };
    const client = new Client({ ...base, database: 'postgres' });
    await client.connect();
    await client.query(`CREATE ROLE ${name} LOGIN`);
    await client.query(`CREATE DATABASE ${name} OWNER ${name} TEMPLATE template0`);
    await client.end();
    return urlOf({ ...base, user: name, database: name });
  }

  async stop(): Promise<void> {
    await this.stopServer();
  }
}
