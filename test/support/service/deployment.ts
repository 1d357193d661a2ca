import { Client as Postgres, type QueryResultRow } from 'pg';
import { createDatabase, createEmptyDatabase, urlOf, type TestTarget } from '../database/database.js';
import { type Folder, killProcesses, newFolder, type ServiceProcess, startProcess } from './process.js';
import { newSecret } from './server.js';

export const ROOT = { username: 'root@example.com', password: 'only for this test run' };

/** Settings that make {@link ROOT} the first administrator. */
export const WITH_ROOT = {
  BOOTSTRAP_ADMIN_EMAIL: ROOT.username,
  BOOTSTRAP_ADMIN_PASSWORD: ROOT.password,
} as const;

export interface DeploymentOptions {
  /** An `empty` database is migrated by the instance that starts first, a `migrated` one was before. */
  readonly database?: 'empty' | 'migrated';
  /** Settings of every instance, beside the database, the secret and the issuer that they share. */
  readonly env?: Readonly<Record<string, string>>;
}

/** For one start. */
export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly nodeOptions?: readonly string[];
}

/** A database of its own, a folder, and the instances of one service that run there, each a process. */
export class Deployment {
  private constructor(
    private readonly home: Folder,
    private readonly base: { readonly target: TestTarget; drop(): Promise<void> },
    /** What every instance is started with. */
    readonly env: Readonly<Record<string, string>>,
  ) {}

  static async open({ database = 'empty', env }: DeploymentOptions = {}): Promise<Deployment> {
    const made = database === 'empty' ? createEmptyDatabase() : createDatabase();
    const [home, base] = await Promise.all([newFolder(), made]);
    const shared = { JWT_ISSUER: 'https://id.example', SECRET_KEY: newSecret() };
    return new Deployment(home, base, { DATABASE_URL: urlOf(base.target), ...shared, ...env });
  }

  /** The working directory of every instance. */
  get folder(): string {
    return this.home.path;
  }

  get target(): TestTarget {
    return this.base.target;
  }

  /** Starts an instance and waits until it listens. */
  start({ env, nodeOptions }: StartOptions = {}): Promise<ServiceProcess> {
    return startProcess({
      folder: this.folder,
      env: { ...this.env, ...env },
      ...(nodeOptions && { nodeOptions }),
    });
  }

  /** Starts two at the same moment: both find the database as it was. */
  startTwo(options?: StartOptions): Promise<[ServiceProcess, ServiceProcess]> {
    return Promise.all([this.start(options), this.start(options)]);
  }

  /** One statement over a connection of its own. */
  async query<T extends QueryResultRow>(sql: string, values?: unknown[]): Promise<T[]> {
    const postgres = new Postgres(this.target);
    await postgres.connect();
    try {
      return (await postgres.query<T>(sql, values)).rows;
    } finally {
      await postgres.end();
    }
  }

  /** Ends what runs, whatever state it is in, and leaves nothing behind. */
  async close(): Promise<void> {
    await killProcesses();
    await this.base.drop();
    await this.home.remove();
  }
}
