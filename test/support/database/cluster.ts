import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client as Postgres } from 'pg';

/** The processes of the embedded database of a service, for tests that stop and kill them. */
export class Cluster {
  /** @param folder the service's working directory */
  constructor(private readonly folder: string) {}

  /** The process id of the postmaster. */
  async postmaster(): Promise<number> {
    return Number.parseInt(await this.file('postmaster.pid'), 10);
  }

  /** The ids of all processes of the server, the postmaster first. */
  async processes(): Promise<number[]> {
    const main = await this.postmaster();
    const found = [main];
    for (const name of await readdir('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
      if (Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === main) found.push(Number(name));
    }
    return found;
  }

  /** Opens a connection as the service does. An error of the connection is ignored. */
  async connect(): Promise<Postgres> {
    const postgres = new Postgres({
      host: join(this.folder, '.data', 'run'),
      port: 5432,
      user: 'latchkey',
      database: 'latchkey',
      password: await this.file('latchkey.password'),
    });
    postgres.on('error', () => undefined);
    await postgres.connect();
    return postgres;
  }

  /** Whether the server accepts a new connection. */
  async answers(): Promise<boolean> {
    try {
      await (await this.connect()).end();
      return true;
    } catch {
      return false;
    }
  }

  private file(name: string): Promise<string> {
    return readFile(join(this.folder, '.data', 'postgres', name), 'utf8');
  }
}

/** Whether a process exists. */
export function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
