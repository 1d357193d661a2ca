import type { ClientGrant } from './client.entity.js';

export interface ClientRecord {
  readonly id: string;
  readonly name: string;
  readonly scopes: string[];
  readonly grants: ClientGrant[];
  /** Identifiers of the applications whose tokens it introspects; null for the default application. */
  readonly resources: string[] | null;
  readonly createdAt: Date;
}

/** The times of a secret, which administrators see. */
export interface SecretTimes {
  readonly createdAt: Date;
  /** Null for the newest secret, which has no end. */
  readonly expiresAt: Date | null;
}

export interface ListedClient extends ClientRecord {
  /** The valid secrets, newest first. */
  readonly secrets: SecretTimes[];
}

/** A client with the hashes of its valid secrets. */
export interface StoredClient extends ClientRecord {
  readonly hashes: Buffer[];
}

export interface ClientsPage {
  readonly limit: number;
  readonly offset: number;
  /** The last id of the previous page. */
  readonly after?: string | undefined;
}

export interface NewClient {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly grants: readonly ClientGrant[];
  /** Absent for the default application. */
  readonly resources?: readonly string[] | undefined;
}

/** A new client with its secret. The table has the hash alone, so the answer is the only time the secret is shown. */
export interface CreatedClient {
  readonly client: ClientRecord;
  readonly secret: string;
}

export interface RotatedSecret {
  readonly secret: string;
  /** Until when the previous secret is valid; null if it ended at once. */
  readonly previousExpiresAt: Date | null;
}
