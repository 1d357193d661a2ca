import type { ClientGrant } from './client.entity.js';

export interface ClientRecord {
  readonly id: string;
  readonly name: string;
  readonly scopes: string[];
  readonly grants: ClientGrant[];
  readonly createdAt: Date;
}

/** What a client's manager sees of a secret. */
export interface SecretTimes {
  readonly createdAt: Date;
  /** Null for the newest, which has no end. */
  readonly expiresAt: Date | null;
}

export interface ListedClient extends ClientRecord {
  /** The valid ones, newest first. */
  readonly secrets: SecretTimes[];
}

/** A client with what its secret is compared with. */
export interface StoredClient extends ClientRecord {
  readonly hashes: Buffer[];
}

export interface ClientsPage {
  readonly limit: number;
  readonly offset: number;
  /** The last id of the page before. */
  readonly after?: string | undefined;
}
