import { Inject, Injectable } from '@nestjs/common';
import { argon2id, hash, needsRehash } from 'argon2';
import { HASHING_CONFIG, type HashingConfig } from '../platform/config/config.js';
import { FairQueue } from '../platform/pacing/fair-queue.js';
import { readHash } from './hash-schemes.js';
import { normalizePassword } from './password-policy.js';
import { UnusableHash, type StoredHash } from './stored-hash.js';

/** What a check of a password found. */
export interface PasswordMatch {
  readonly matches: boolean;
  /** The hash is of another system or of older parameters, and should be written anew while the password is at hand. */
  readonly outdated: boolean;
}

/**
 * Hashes and checks passwords. New hashes are argon2id with the configured parameters (KiB, passes, lanes); those of
 * other systems verify, see hash-schemes.ts. Every job runs in one bounded pool: a hash blocks a thread of libuv's pool,
 * which file reads and DNS share, so that unbounded a login storm would stop everything else. Jobs wait in a lane for
 * each client, and the lanes take turns.
 */
@Injectable()
export class PasswordHasher {
  private readonly pool: FairQueue;
  private readonly parameters;
  private dummy: Promise<string> | undefined;

  constructor(@Inject(HASHING_CONFIG) config: HashingConfig) {
    this.pool = new FairQueue(config.concurrency, config.queue);
    this.parameters = {
      type: argon2id,
      memoryCost: config.memoryKib,
      timeCost: config.time,
      parallelism: config.parallelism,
    };
  }

  /**
   * The PHC string of a password, normalized to NFKC.
   * @throws AppError `overloaded` where the queue is full
   */
  async hash(password: string, lane?: string): Promise<string> {
    return this.pool.run(() => hash(normalizePassword(password), this.parameters), lane);
  }

  /**
   * Whether a password belongs to a stored hash. Other systems hash the text as typed, so their hashes are compared
   * without normalization. A hash that cannot be used, or would cost too much, matches nothing and takes the time of
   * one of ours.
   * @throws AppError `overloaded` where the queue is full
   */
  async matches(password: string, stored: string, lane?: string): Promise<PasswordMatch> {
    const read = usable(stored);
    if (!read) {
      await this.matchNobody(password, lane);
      return { matches: false, outdated: true };
    }
    const matches = await this.pool.run(() => read.verify(password), lane);
    return { matches, outdated: read.scheme !== 'argon2id' || needsRehash(stored, this.parameters) };
  }

  /**
   * Does the work of a check without a stored hash, so that an unknown user takes the time of a known one.
   * @throws AppError `overloaded` where the queue is full
   */
  async matchNobody(password: string, lane?: string): Promise<void> {
    await this.matches(password, await this.dummyHash(), lane);
  }

  /** How many jobs run and wait now, and how many may wait. */
  get load(): FairQueue['load'] {
    return this.pool.load;
  }

  /** Prepares the dummy hash, so that the first unknown user does not take twice the time. */
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
