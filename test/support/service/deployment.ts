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
  /** `empty`: the instance that starts first migrates the database. `migrated`: the database is ready before. */
  readonly database?: 'empty' | 'migrated';
  /** Settings of every instance, in addition to the shared database, secret and issuer. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Options of one start. */
export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly nodeOptions?: readonly string[];
}

/** Instances of one service, each a process, with their own database and folder. */
export class Deployment {
  private constructor(
    private readonly home: Folder,
    private readonly base: { readonly target: TestTarget; drop(): Promise<void> },
    /** The environment of every instance. */
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

  /** Starts two instances at the same moment, so that both see the database before either changes it. */
  startTwo(options?: StartOptions): Promise<[ServiceProcess, ServiceProcess]> {
    return Promise.all([this.start(options), this.start(options)]);
  }

  /** Runs one statement over a new connection. */
  async query<T extends QueryResultRow>(sql: string, values?: unknown[]): Promise<T[]> {
    const postgres = new Postgres(this.target);
    await postgres.connect();
    try {
      return (await postgres.query<T>(sql, values)).rows;
    } finally {
      await postgres.end();
    }
  }

  /** Kills every instance and removes the folder and the database. */
  async close(): Promise<void> {
    await killProcesses();
    await this.base.drop();
    await this.home.remove();
  }
}
