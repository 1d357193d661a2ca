import { z } from 'zod';

/** The first line of every backup. */
export const MAGIC = 'latchkey backup 1\n';
/** The longest header that is read, in bytes. It has a few hundred bytes for each table. */
export const HEADER_MAX = 1_048_576;

/** A backup that cannot be made or restored. The message is for the operator and says what to do. */
export class BackupFault extends Error {
  override name = 'BackupFault';
}

const BackupTable = z.object({
  name: z.string(),
  columns: z.array(z.string()).min(1),
  rows: z.int().nonnegative(),
});

/** A partition other than the default one, with the bound as PostgreSQL prints it in UTC. */
const BackupPartition = z.object({
  table: z.string(),
  name: z.string(),
  bound: z
    .string()
    .regex(/^FOR VALUES FROM \('\d{4,6}-\d\d-\d\d [\d:.+]+'\) TO \('\d{4,6}-\d\d-\d\d [\d:.+]+'\)$/),
});

/** The last number that a sequence gave out; null for none. */
const BackupSequence = z.object({
  table: z.string(),
  column: z.string(),
  last: z
    .string()
    .regex(/^\d{1,19}$/)
    .nullable(),
});

export const BackupHeader = z.object({
  created_at: z.iso.datetime(),
  version: z.string(),
  /** Of PostgreSQL. */
  server_version: z.string(),
  issuer: z.string(),
  /** Every migration that has run, oldest first. */
  migrations: z.array(z.string()).min(1),
  /** The fingerprint of the root secret that authenticates the backup. */
  secret: z.string(),
  /** Makes the key of each backup another one; base64url. */
  salt: z.string(),
  /** In the order in which they are restored: a table comes after those that it refers to. */
  tables: z.array(BackupTable),
  partitions: z.array(BackupPartition),
  sequences: z.array(BackupSequence),
});

/** What a backup holds, in clear. It names no user and has no secret. */
export type BackupHeader = z.infer<typeof BackupHeader>;
export type BackupTable = z.infer<typeof BackupTable>;
export type BackupPartition = z.infer<typeof BackupPartition>;
export type BackupSequence = z.infer<typeof BackupSequence>;
