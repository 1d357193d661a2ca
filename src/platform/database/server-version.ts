import type { EntityManager } from 'typeorm';

export interface ServerVersion {
  /** Such as `18.4`. */
  readonly version: string;
  /** Such as `180004`, which compares as a number. */
  readonly number: number;
}

/** The version of the database server. @throws the database's error */
export async function serverVersion(manager: EntityManager): Promise<ServerVersion> {
  // Raw: reads settings of the server, which belong to no table.
  const [row]: ServerVersion[] = await manager.query(
    `SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int AS number`,
  );
  return row ?? { version: 'unknown', number: 0 };
}
