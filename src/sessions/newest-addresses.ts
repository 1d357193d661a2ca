import type { EntityManager } from 'typeorm';

export interface NewestAddresses {
  readonly sessions: number;
  /** How many different addresses they were opened from. */
  readonly addresses: number;
  /** One of the addresses; null where none is known. */
  readonly ip: string | null;
}

/** Counts the addresses of the newest sessions. A single address hints at a proxy that TRUSTED_PROXIES does not name. */
export async function newestAddresses(manager: EntityManager, limit: number): Promise<NewestAddresses> {
  // Raw: an aggregate over a limited subquery without its entity, for the command line.
  const [row]: NewestAddresses[] = await manager.query(
    `SELECT count(*)::int AS sessions, count(DISTINCT ip)::int AS addresses, min(ip) AS ip
       FROM (SELECT ip FROM sessions ORDER BY id DESC LIMIT $1) AS newest`,
    [limit],
  );
  return row ?? { sessions: 0, addresses: 0, ip: null };
}
