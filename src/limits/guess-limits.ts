import { Inject, Injectable } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import {
  HASHING_CONFIG,
  LIMITS_CONFIG,
  type HashingConfig,
  type LimitsConfig,
} from '../platform/config/config.js';
import { ConcurrencyLimit } from '../platform/pacing/concurrency-limit.js';
import { AppError } from '../platform/kernel/app-error.js';
import { FairQueue } from '../platform/pacing/fair-queue.js';
import { LOG, type Log } from '../platform/kernel/log.js';
import { Counters, type Counter, type Taken } from './counters.js';

/** Wrong passwords before the first delay and between two delays. */
const FREE_FAILURES = 5;
/** Parallel checks per account and instance: fewer than the free failures, so that right passwords refuse no others. */
const AT_ONCE = FREE_FAILURES - 1;
/** Tries to take a point while parallel attempts on other instances hold all, and the pause between tries. */
const TRIES = 20;
const BETWEEN_TRIES_MS = 100;
/** How long wrong passwords count together without a delay in between, in seconds. */
const WINDOW_SECONDS = 900;
/** The first delay in seconds; each further delay is three times as long, up to a day. */
const FIRST_DELAY_SECONDS = 30;
const DELAY_GROWTH = 3;
const DAY_SECONDS = 86_400;
const MONTH_SECONDS = 30 * DAY_SECONDS;
/** As long as a device cookie is good. */
const YEAR_SECONDS = 365 * DAY_SECONDS;
/**
 * Delays before the account refuses every password. With {@link FREE_FAILURES} before each delay they allow 100
 * failures in a row: 60 of strangers and 40 of one known device (NIST SP 800-63B-4 section 3.2.2).
 */
const STRANGER_DELAYS = 12;
const DEVICE_DELAYS = 8;

/** An attempt at the password of an account. */
export interface Guess {
  /** The user's id; for an unknown name its hash, so that both are refused alike. */
  readonly account: string;
  readonly accountExists: boolean;
  /** See ClientAddresses; undefined where the client is unknown. */
  readonly client: string | undefined;
  /** A device that logged in to this account before, or a live session of it; undefined for a stranger. */
  readonly device: string | undefined;
}

/** The counters of strangers, or of known devices. Only guesses from one device use up the counters of that device. */
interface Track {
  readonly failures: Counter;
  readonly delays: Counter;
  readonly unknownNameDelays: Counter;
}

/**
 * Limits how often a password is guessed. Each attempt takes a point of the account and of the client's address before
 * the password is checked. All instances share the counters and each point is taken in one atomic step, so that neither
 * parallel guesses nor many instances get more. Delays grow instead of locking the account, and a success
 * clears it.
 */
@Injectable()
export class GuessLimits {
  private readonly addresses: Counter;
  private readonly strangers: Track;
  private readonly devices: Track;
  private readonly logins: ConcurrencyLimit;
  private readonly queues = new Map<string, FairQueue>();

  constructor(
    private readonly counters: Counters,
    @Inject(LIMITS_CONFIG) config: LimitsConfig,
    @Inject(HASHING_CONFIG) { concurrency, queue }: HashingConfig,
    @Inject(LOG) private readonly log: Log,
  ) {
    this.logins = new ConcurrencyLimit(concurrency + queue);
    this.addresses = counters.shared('address', config.failuresPerAddress);
    this.strangers = this.track('strangers', STRANGER_DELAYS);
    this.devices = this.track('devices', DEVICE_DELAYS, YEAR_SECONDS);
  }

  /**
   * Runs a login unless too many are running already; then it is refused before it costs anything.
   * @param client see ClientAddresses: a single client cannot use up the places of all others
   * @throws AppError `overloaded`, and what `work` throws
   */
  async admit<T>(client: string | undefined, work: () => Promise<T>): Promise<T> {
    return this.logins.run(work, client);
  }

  /**
   * Checks a password if the budgets allow it. To be called within {@link admit}.
   * @param evaluate returns undefined for a wrong password; an attempt whose `evaluate` throws is not counted
   * @throws AppError `too_many_attempts` with `Retry-After`, `invalid_credentials`, and what `evaluate` throws
   */
  async attempt<T>(guess: Guess, evaluate: () => Promise<T | undefined>): Promise<T> {
    const key = guessKey(guess);
    const queue = this.queues.get(key) ?? new FairQueue(AT_ONCE, Number.POSITIVE_INFINITY);
    this.queues.set(key, queue);
    try {
      return await queue.run(() => this.counted(guess, evaluate), guess.client);
    } finally {
      if (queue.idle) this.queues.delete(key);
    }
  }

  /** Forgets every failure for an account. */
  async clear(account: string): Promise<void> {
    await this.counters.settle({ forget: keysOf('strangers', account) });
    await this.counters.forgetEach(keysOf('devices', `${account}:`));
  }

  private async counted<T>(guess: Guess, evaluate: () => Promise<T | undefined>): Promise<T> {
    const track = guess.device === undefined ? this.strangers : this.devices;
    const taken = await this.reserve(guess, track);
    const result = await evaluate().catch(async (error: unknown) => {
      await this.counters.settle({ refund: [guessKey(guess), ...addressKeys(guess)] });
      throw error;
    });
    if (result === undefined) {
      if (taken.taken >= FREE_FAILURES) await this.slowDown(guess, track);
      throw new AppError('invalid_credentials');
    }
    const { account, device } = guess;
    const own = device === undefined ? [] : keysOf('devices', budgetOf(guess));
    const forget = [...keysOf('strangers', account), ...own];
    await this.counters.settle({ forget, refund: addressKeys(guess) });
    return result;
  }

  /** @param lasts how long the delays of an account are counted, in seconds; 0 for no end */
  private track(name: string, delays: number, lasts = 0): Track {
    const counter = (suffix: string, points: number, seconds: number) =>
      this.counters.shared(`${name}${suffix}`, { points, seconds });
    return {
      failures: counter('', FREE_FAILURES, WINDOW_SECONDS),
      delays: counter('-delays', delays, lasts),
      // There is no end of unknown names, so their counters expire.
      unknownNameDelays: counter('-delays', delays, MONTH_SECONDS),
    };
  }

  private async reserve(guess: Guess, { failures }: Track): Promise<Taken> {
    if (guess.client !== undefined) refuseUnlessAllowed(await this.addresses.take(guess.client), 'address');
    for (let tries = 1; ; tries++) {
      const taken = await failures.take(budgetOf(guess));
      if (taken.allowed) return taken;
      if (taken.blocked || tries === TRIES) {
        await this.counters.settle({ refund: addressKeys(guess) });
        refuseUnlessAllowed(taken, 'account');
      }
      // Parallel attempts on other instances hold the points. Right ones soon give theirs back, wrong ones soon block
      // the account.
      await this.counters.settle({ refund: [guessKey(guess)] });
      await delay(BETWEEN_TRIES_MS);
    }
  }

  private async slowDown(guess: Guess, track: Track): Promise<void> {
    const counter = guess.accountExists ? track.delays : track.unknownNameDelays;
    const { taken, allowed } = await counter.take(budgetOf(guess));
    const last = !allowed || taken === counter.budget.points;
    const seconds = Math.min(FIRST_DELAY_SECONDS * DELAY_GROWTH ** (taken - 1), DAY_SECONDS);
    await track.failures.block(budgetOf(guess), last ? this.lastsFor(guess) : seconds);
    if (!guess.accountExists) return;
    const facts = { user: guess.account, known_device: guess.device !== undefined };
    if (last) {
      this.log.warn(facts, 'an account refuses every password after too many wrong ones');
    } else {
      this.log.warn(
        { ...facts, delay_seconds: seconds },
        'wrong passwords for an account, delaying the next',
      );
    }
  }

  /** Seconds of the last delay; 0 for no end. There is no end of names and devices, so their counters have one. */
  private lastsFor({ accountExists, device }: Guess): number {
    if (!accountExists) return MONTH_SECONDS;
    return device === undefined ? 0 : YEAR_SECONDS;
  }
}

/** The key of a guess within its counters. */
function budgetOf({ account, device }: Guess): string {
  return device === undefined ? account : `${account}:${device}`;
}

function guessKey(guess: Guess): string {
  return `${guess.device === undefined ? 'strangers' : 'devices'}:${budgetOf(guess)}`;
}

function addressKeys({ client }: Guess): string[] {
  return client === undefined ? [] : [`address:${client}`];
}

/** The keys of the counters that one budget has. */
function keysOf(track: 'strangers' | 'devices', budget: string): string[] {
  return [`${track}:${budget}`, `${track}-delays:${budget}`];
}

function refuseUnlessAllowed({ allowed, resetSeconds = DAY_SECONDS }: Taken, subject: string): void {
  if (allowed) return;
  throw new AppError('too_many_attempts', {
    // The same for accounts that exist and that do not, whose last delays differ.
    headers: { 'retry-after': String(Math.min(resetSeconds, DAY_SECONDS)) },
    diagnosis: { cause: `the budget of the ${subject} is used up` },
  });
}
