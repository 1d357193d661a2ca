import { Client, type ClientConfig } from 'pg';

export interface PinnedClientConfig extends ClientConfig {
  /** Settings of the session by name, sent with the first message of the connection. */
  readonly startup?: Readonly<Record<string, string>>;
}

/** Members that the types of `pg` leave out. */
interface Internals {
  readonly connectionParameters: { readonly options?: string };
  getStartupConf(): Record<string, string>;
}

const Base = Client as unknown as new (config?: PinnedClientConfig) => Client & Internals;

/** A connection whose session settings come from here, not from the database or the role. */
export class PinnedClient extends Base {
  private readonly startup: Readonly<Record<string, string>>;

  constructor(config: PinnedClientConfig = {}) {
    super(config);
    this.startup = config.startup ?? {};
  }

  /** The parameters of the startup message, which win over `ALTER DATABASE` and `ALTER ROLE … SET`. */
  override getStartupConf(): Record<string, string> {
    const { search_path: path, ...startup } = this.startup;
    // A schema of one's own is named in DATABASE_URL: ?options=-c%20search_path%3Dlatchkey
    const isNamed = /search_path/i.test(this.connectionParameters.options ?? '');
    return {
      ...super.getStartupConf(),
      ...startup,
      ...(path !== undefined && !isNamed && { search_path: path }),
    };
  }
}
