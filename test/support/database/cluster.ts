import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client as Postgres } from 'pg';

/** The embedded database of a service that was started in a folder, as an administrator of the machine sees it. */
export class Cluster {
  /** @param folder the service's working directory */
  constructor(private readonly folder: string) {}

  /** The process that accepts connections and starts all others. */
  async postmaster(): Promise<number> {
    return Number.parseInt(await this.file('postmaster.pid'), 10);
  }

  /** All processes of the server, the one that starts the others first. */
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

  /** As the service does it. The connection may break without anybody being told. */
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

  /** Whether somebody who comes now is let in. */
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

/** Whether a process is there. */
export function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
