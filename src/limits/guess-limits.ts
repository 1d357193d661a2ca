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

/** Wrong passwords before the first delay, and between two delays. */
const FREE_FAILURES = 5;
/** Passwords of one account that an instance checks at once: fewer than are free, so that right ones refuse no other. */
const AT_ONCE = FREE_FAILURES - 1;
/** How often an attempt asks again for a point that attempts on other instances hold, and how long it waits each time. */
const ASKS = 20;
const BETWEEN_ASKS_MS = 100;
/** How long wrong passwords are counted together, in seconds, without a delay in between. */
const WINDOW_SECONDS = 900;
/** The first delay, in seconds; each further one is three times as long, up to a day. */
const FIRST_DELAY_SECONDS = 30;
const DELAY_GROWTH = 3;
const DAY_SECONDS = 86_400;
const MONTH_SECONDS = 30 * DAY_SECONDS;
/**
 * Delays before no password is checked any more: with {@link FREE_FAILURES} each, no more than 100 failures in a row,
 * 60 of strangers and 40 of devices the owner has used (NIST SP 800-63B-4 section 3.2.2).
 */
const STRANGERS_DELAYS = 12;
const DEVICES_DELAYS = 8;

/** An attempt: whose password is tried, and by which client. */
export interface Guess {
  /** A user's id, or the hash of an unknown name: both are refused alike. */
  readonly account: string;
  readonly accountExists: boolean;
  /** See ClientAddresses; undefined where it is not known. */
  readonly client: string | undefined;
  /** A device that logged in to this account before, or a live session of it. */
  readonly knownDevice: boolean;
}

/** The two budgets of an account: strangers do not use up the budget of the owner's devices. */
interface Track {
  readonly failures: Counter;
  readonly delays: Counter;
  readonly delaysOfNobody: Counter;
}

/**
 * Limits how often a password is guessed. Each attempt takes a point of the account and one of the client's address
 * before the password is checked, in one statement in the database, so that neither parallel guesses nor many instances
 * get more. Delays grow instead of locking the account, and a success clears it.
 */
@Injectable()
export class GuessLimits {
  private readonly addresses: Counter;
  private readonly strangers: Track;
  private readonly devices: Track;
  private readonly admission: ConcurrencyLimit;
  private readonly gates = new Map<string, FairQueue>();

  constructor(
    private readonly counters: Counters,
    @Inject(LIMITS_CONFIG) config: LimitsConfig,
    @Inject(HASHING_CONFIG) { concurrency, queue }: HashingConfig,
    @Inject(LOG) private readonly log: Log,
  ) {
    this.admission = new ConcurrencyLimit(concurrency + queue);
    this.addresses = counters.shared('address', config.failuresPerAddress);
    this.strangers = this.track('strangers', STRANGERS_DELAYS);
    this.devices = this.track('devices', DEVICES_DELAYS);
  }

  /**
   * Runs the work of a login unless too many are in flight; a refused login costs nothing.
   * @param client see ClientAddresses: one client cannot take every place
   * @throws AppError `overloaded`, and the errors of `work`
   */
  async admit<T>(client: string | undefined, work: () => Promise<T>): Promise<T> {
    return this.admission.run(work, client);
  }

  /**
   * Checks a password where the budgets allow it. To be called within {@link admit}.
   * @param evaluate returns undefined where the password is wrong; where it throws, the attempt does not count
   * @throws AppError `too_many_attempts` with `Retry-After`, `invalid_credentials`, and the errors of `evaluate`
   */
  async attempt<T>(guess: Guess, evaluate: () => Promise<T | undefined>): Promise<T> {
    const key = this.accountKey(guess);
    const gate = this.gates.get(key) ?? new FairQueue(AT_ONCE, Number.POSITIVE_INFINITY);
    this.gates.set(key, gate);
    try {
      return await gate.run(() => this.counted(guess, evaluate), guess.client);
    } finally {
      if (gate.idle) this.gates.delete(key);
    }
  }

  /** Forgets every failure of an account, for an administrator. */
  async clear(account: string): Promise<void> {
    await this.counters.settle({ forget: accountKeys(account) });
  }

  private async counted<T>(guess: Guess, evaluate: () => Promise<T | undefined>): Promise<T> {
    const track = guess.knownDevice ? this.devices : this.strangers;
    const taken = await this.reserve(guess, track);
    const result = await evaluate().catch(async (error: unknown) => {
      await this.counters.settle({ refund: [this.accountKey(guess), ...addressKeys(guess)] });
      throw error;
    });
    if (result === undefined) {
      if (taken.taken >= FREE_FAILURES) await this.slowDown(guess, track);
      throw new AppError('invalid_credentials');
    }
    // The owner was there.
    const forget = accountKeys(guess.account);
    await this.counters.settle({ forget, refund: addressKeys(guess) });
    return result;
  }

  private track(name: string, delays: number): Track {
    const counter = (suffix: string, points: number, seconds: number) =>
      this.counters.shared(`${name}${suffix}`, { points, seconds });
    return {
      failures: counter('', FREE_FAILURES, WINDOW_SECONDS),
      delays: counter('-delays', delays, 0),
      // There are endless unknown names, so their counters are deleted.
      delaysOfNobody: counter('-delays', delays, MONTH_SECONDS),
    };
  }

  private async reserve(guess: Guess, { failures }: Track): Promise<Taken> {
    if (guess.client !== undefined) refuseUnlessAllowed(await this.addresses.take(guess.client), 'address');
    for (let asks = 1; ; asks++) {
      const taken = await failures.take(guess.account);
      if (taken.allowed) return taken;
      if (taken.blocked || asks === ASKS) {
        await this.counters.settle({ refund: addressKeys(guess) });
        refuseUnlessAllowed(taken, 'account');
      }
      // Attempts on several instances hold more points together than there are. Where they are right, they give them
      // back in a moment, and where they are wrong, the account is blocked in a moment.
      await this.counters.settle({ refund: [this.accountKey(guess)] });
      await delay(BETWEEN_ASKS_MS);
    }
  }

  private async slowDown(guess: Guess, track: Track): Promise<void> {
    const counter = guess.accountExists ? track.delays : track.delaysOfNobody;
    const { taken, allowed } = await counter.take(guess.account);
    const last = !allowed || taken === counter.budget.points;
    const seconds = Math.min(FIRST_DELAY_SECONDS * DELAY_GROWTH ** (taken - 1), DAY_SECONDS);
    await track.failures.block(guess.account, last ? 0 : seconds);
    if (!guess.accountExists) return;
    const facts = { user: guess.account, known_device: guess.knownDevice };
    if (last) this.log.warn(facts, 'no further password is tried for an account after too many wrong ones');
    else
      this.log.warn(
        { ...facts, delay_seconds: seconds },
        'wrong passwords for an account, delaying the next',
      );
  }

  private accountKey({ account, knownDevice }: Guess): string {
    return `${knownDevice ? 'devices' : 'strangers'}:${account}`;
  }
}

function addressKeys({ client }: Guess): string[] {
  return client === undefined ? [] : [`address:${client}`];
}

/** The keys of both budgets of an account, and of the delays that follow from them. */
function accountKeys(account: string): string[] {
  return ['strangers', 'devices'].flatMap((name) => [`${name}:${account}`, `${name}-delays:${account}`]);
}

function refuseUnlessAllowed({ allowed, resetSeconds = DAY_SECONDS }: Taken, what: string): void {
  if (allowed) return;
  throw new AppError('too_many_attempts', {
    headers: { 'retry-after': String(resetSeconds) },
    diagnosis: { cause: `the budget of the ${what} is used up` },
  });
}
