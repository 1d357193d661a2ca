import { Inject, Injectable } from '@nestjs/common';
import { argon2id, hash, needsRehash, verify } from 'argon2';
import { compare } from 'bcrypt';
import { HASHING_CONFIG, type HashingConfig } from '../config/config.js';
import { Gate } from '../kernel/gate.js';
import { normalizePassword } from './password-policy.js';

/** Hashes of bcrypt, as other systems write them: $2a$, $2b$ (OpenBSD) and $2y$ (PHP, passlib) are one algorithm. */
const BCRYPT = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;
/** bcrypt reads no further than this; see {@link PasswordHasher.matches}. */
const BCRYPT_MAX_BYTES = 72;

/** What a check of a password found. */
export interface PasswordMatch {
  readonly matches: boolean;
  /** The hash is of bcrypt or of older argon2 parameters, and should be written anew while the password is at hand. */
  readonly outdated: boolean;
}

/**
 * Hashes and checks passwords. New hashes are argon2id with the configured parameters (KiB, passes, lanes); bcrypt
 * hashes verify. Every job runs in one bounded pool: a hash blocks a thread of libuv's pool, which file reads and DNS
 * share, so that unbounded a login storm would stop everything else. Jobs wait in a lane for each client, and the lanes
 * take turns.
 */
@Injectable()
export class PasswordHasher {
  private readonly pool: Gate;
  private readonly parameters;
  private dummy: Promise<string> | undefined;

  constructor(@Inject(HASHING_CONFIG) config: HashingConfig) {
    this.pool = new Gate(config.concurrency, config.queue);
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
   * Whether a password belongs to a stored hash. bcrypt ignores what follows the 72nd byte, so that a longer password
   * is refused there: two passwords that share 72 bytes must not open one account. Other systems hash the text as typed,
   * so a bcrypt hash is compared without normalization.
   * @throws AppError `overloaded` where the queue is full
   */
  async matches(password: string, stored: string, lane?: string): Promise<PasswordMatch> {
    if (BCRYPT.test(stored)) {
      const comparable = stored.replace('$2y$', '$2b$');
      const matches = await this.pool.run(() => compare(password, comparable), lane);
      return { matches: matches && Buffer.byteLength(password) <= BCRYPT_MAX_BYTES, outdated: true };
    }
    const matches = await this.pool.run(() => verify(stored, normalizePassword(password)), lane);
    return { matches, outdated: needsRehash(stored, this.parameters) };
  }

  /**
   * Does the work of a check without a stored hash, so that an unknown user takes the time of a known one.
   * @throws AppError `overloaded` where the queue is full
   */
  async matchNobody(password: string, lane?: string): Promise<void> {
    await this.matches(password, await this.dummyHash(), lane);
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
