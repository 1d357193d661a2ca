import argon2 from 'argon2';
import { readFileSync } from 'node:fs';
import type { TokenPair } from '../support/http/client.js';
import { createDatabase, urlOf, type TestDatabase } from '../support/database/database.js';
import { startProcess, type ServiceProcess } from '../support/service/process.js';
import { reminted } from '../support/tokens/tokens.js';
import { fill } from './fill.js';
import { cpuOf } from './load.js';

export const PASSWORD = 'correct horse battery staple';
/** The cheapest hash that the service does not renew, so that the figures show all other work. */
const HASHING = { memoryCost: 8192, timeCost: 1, parallelism: 1 };
const ROOT = { username: 'root@example.com', password: PASSWORD };
/**
 * Number of users of the requests, spread over the tables. With `SCALE_PEOPLE=200` PostgreSQL has their rows in its own
 * memory; with more, most requests read rows for the first time.
 */
const PEOPLE = Number(process.env['SCALE_PEOPLE'] ?? 2000);
/** From this number of rows on there is by default one live revocation per ten sessions. */
const MANY = 100_000;

/** A generated user with tokens as after a login. */
export interface Guest {
  readonly id: string;
  readonly email: string;
  readonly sid: string;
  readonly access: string;
  refresh: string;
}

/** A database of a given size and a service on it. */
export interface Stage {
  /** The size as given. */
  readonly size: string;
  readonly fillSeconds: number;
  readonly database: TestDatabase;
  readonly service: ServiceProcess;
  /** Time from the start of the process until it listens, with every live revocation in memory. */
  readonly startMs: number;
  readonly memoryMib: number;
  readonly people: readonly Guest[];
  /** The tokens of an administrator. */
  readonly root: TokenPair;
}

/** The settings of a service on a stage. */
export function settings(database: TestDatabase, secret: string): Record<string, string> {
  return {
    DATABASE_URL: urlOf(database.target),
    SECRET_KEY: secret,
    JWT_ISSUER: 'https://id.example',
    ACCESS_TOKEN_EXPIRE_MINUTES: '600',
    BOOTSTRAP_ADMIN_EMAIL: ROOT.username,
    BOOTSTRAP_ADMIN_PASSWORD: ROOT.password,
    LOG_LEVEL: 'warn',
    LOG_FORMAT: 'pretty',
  };
}

/**
 * Generates users, sessions and audit events, and starts a service on them.
 * @param size their number, optionally with a colon and the number of live revocations
 */
export async function openStage(size: string, folder: string, secret: string): Promise<Stage> {
  const database = await createDatabase();
  const begun = performance.now();
  const [rows = 0, revocations = rows < MANY ? 0 : rows / 10] = size.split(':').map(Number);
  const hash = await argon2.hash(PASSWORD, HASHING);
  await fill(database.target, { users: rows, sessions: rows, revocations, events: rows }, hash, secret);
  const fillSeconds = (performance.now() - begun) / 1000;
  return { size, fillSeconds, ...(await startOn(database, folder, secret)) };
}

/** Starts a service on a filled database. */
async function startOn(
  database: TestDatabase,
  folder: string,
  secret: string,
): Promise<Omit<Stage, 'size' | 'fillSeconds'>> {
  // Without parallel workers, whose processor time cannot be assigned to a statement, and without JIT compilation.
  const name = database.target.database;
  await database.query(`ALTER DATABASE ${name} SET max_parallel_workers_per_gather = 0`);
  await database.query(`ALTER DATABASE ${name} SET jit = off`);
  const env = settings(database, secret);
  // The first start creates the administrator.
  await (await startProcess({ folder, env })).stop();
  const startedAt = performance.now();
  const service = await startProcess({ folder, env });
  const startMs = performance.now() - startedAt;
  const memoryMib = memoryOf(service.pid);
  const root = await service.client.loginForService(ROOT);
  const people = await peopleOf(database, root, secret);
  return { database, service, startMs, memoryMib, people, root };
}

async function peopleOf(database: TestDatabase, pair: TokenPair, secret: string): Promise<Guest[]> {
  const rows = await database.query<{ id: string; email: string; sid: string; exp: number }>(
    `SELECT u.id, u.email, s.id AS sid, extract(epoch FROM s.expires_at)::int AS exp
       FROM (SELECT * FROM sessions WHERE revoked_at IS NULL AND expires_at > now() + interval '1 day'
              ORDER BY random() LIMIT $1) s JOIN users u ON u.id = s.user_id`,
    [PEOPLE],
  );
  return rows.map(({ id, email, sid, exp }) => ({
    id,
    email,
    sid,
    access: reminted(pair.access_token, secret, { sub: id, sid, scope: '' }),
    refresh: reminted(pair.refresh_token, secret, { sub: id, sid, exp, gen: 1 }),
  }));
}

/** Processor time of each connection to a database, in microseconds, by process id. */
export async function backends(database: TestDatabase): Promise<ReadonlyMap<number, number>> {
  const rows = await database.query<{ pid: number }>(
    `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'`,
  );
  return new Map(rows.map(({ pid }) => [pid, cpuOf(pid)]));
}

/** Processor time that the current connections have used since then. */
export async function usedSince(
  database: TestDatabase,
  before: ReadonlyMap<number, number>,
): Promise<number> {
  const now = await backends(database);
  return [...now].reduce((sum, [pid, used]) => sum + used - (before.get(pid) ?? 0), 0);
}

function memoryOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
}
