import { Inject, Injectable } from '@nestjs/common';
import { argon2id, hash, needsRehash } from 'argon2';
import { argon2Work } from '../platform/config/argon2-work.js';
import { HASHING_CONFIG, type HashingConfig } from '../platform/config/config.js';
import { FairQueue } from '../platform/pacing/fair-queue.js';
import { readHash } from './hash-schemes.js';
import { normalizePassword } from './password-policy.js';
import { UnusableHash, type StoredHash } from './stored-hash.js';

/** How long a check of a costly hash waits for a slot. */
const COSTLY_WAIT_MS = 10_000;

/** The result of a password check. */
export interface PasswordMatch {
  readonly matches: boolean;
  /** The hash comes from another system or has older parameters: replace it while the password is known. */
  readonly outdated: boolean;
}

/**
 * Hashes and checks passwords. New hashes are argon2id with the configured parameters (KiB, passes, lanes); hashes of
 * other systems verify too, see hash-schemes.ts. A hash blocks a thread of libuv's pool, which file reads and DNS share,
 * so the number of jobs is bounded. Hashes that take more work than a configured one have slots of their own, and a
 * deadline: they delay one another and no other login. Jobs wait in a lane for each client, and the lanes take turns.
 */
@Injectable()
export class PasswordHasher {
  private readonly pool: FairQueue;
  private readonly costly: FairQueue;
  private readonly ownWork: number;
  private readonly parameters;
  private dummy: Promise<string> | undefined;

  constructor(@Inject(HASHING_CONFIG) config: HashingConfig) {
    this.pool = new FairQueue(config.concurrency, config.queue);
    const [slots, waiting] = [Math.max(1, Math.floor(config.concurrency / 2)), Math.floor(config.queue / 4)];
    this.costly = new FairQueue(slots, waiting, COSTLY_WAIT_MS);
    this.ownWork = argon2Work(config.memoryKib, config.time, config.parallelism);
    this.parameters = {
      type: argon2id,
      memoryCost: config.memoryKib,
      timeCost: config.time,
      parallelism: config.parallelism,
    };
  }

  /**
   * Hashes a password after normalization to NFKC.
   * @returns the hash as a PHC string
   * @throws AppError `overloaded` if the queue is full
   */
  async hash(password: string, lane?: string): Promise<string> {
    return this.pool.run(() => hash(normalizePassword(password), this.parameters), lane);
  }

  /**
   * Checks a password against a stored hash. Other systems hash the password as typed, so their hashes are checked
   * without normalization. A hash that cannot be read or costs too much matches nothing and takes the time of a
   * configured hash; so does null, for a user without a password.
   * @throws AppError `overloaded` if the queue is full, or a costly hash has waited ten seconds
   */
  async matches(password: string, stored: string | null, lane?: string): Promise<PasswordMatch> {
    const read = stored === null ? undefined : usable(stored);
    if (!read || stored === null) {
      await this.matchDummy(password, lane);
      return { matches: false, outdated: true };
    }
    const pool = read.work > this.ownWork ? this.costly : this.pool;
    const matches = await pool.run(() => read.verify(password), lane);
    return { matches, outdated: read.scheme !== 'argon2id' || needsRehash(stored, this.parameters) };
  }

  /**
   * Takes the time of a check where there is no stored hash, so that unknown and known users answer alike.
   * @throws AppError `overloaded` if the queue is full
   */
  async matchDummy(password: string, lane?: string): Promise<void> {
    await this.matches(password, await this.dummyHash(), lane);
  }

  /** The numbers of running and waiting jobs of all pools, and how many may wait. */
  get load(): FairQueue['load'] {
    const [own, costly] = [this.pool.load, this.costly.load];
    return {
      running: own.running + costly.running,
      waiting: own.waiting + costly.waiting,
      queue: own.queue + costly.queue,
    };
  }

  /** Prepares the dummy hash; otherwise the first unknown user would take twice the time. */
  async prepare(): Promise<void> {
    await this.dummyHash();
  }

  private dummyHash(): Promise<string> {
    this.dummy ??= hash('no password at all', this.parameters);
    return this.dummy;
  }
}

function usable(stored: string): StoredHash | undefined {
  try {
    return readHash(stored);
  } catch (error) {
    if (error instanceof UnusableHash) return undefined;
    throw error;
  }
}
