import { Inject, Injectable } from '@nestjs/common';
import { LIMITS_CONFIG, type LimitsConfig } from '../platform/config/config.js';
import { AppError } from '../platform/kernel/app-error.js';
import { Counters, type Counter } from './counters.js';

/** Limits how often the owner of an account may change it, because each change leaves rows, such as audit events. */
@Injectable()
export class AccountWrites {
  private readonly counter: Counter;

  constructor(counters: Counters, @Inject(LIMITS_CONFIG) { accountWrites }: LimitsConfig) {
    this.counter = counters.shared('account-writes', accountWrites);
  }

  /** Counts one change of an account. @throws AppError `too_many_attempts` with `Retry-After` */
  async take(userId: string): Promise<void> {
    const { allowed, resetSeconds = this.counter.budget.seconds } = await this.counter.take(userId);
    if (allowed) return;
    throw new AppError('too_many_attempts', {
      headers: { 'retry-after': String(resetSeconds) },
      diagnosis: { cause: 'the limit LIMIT_ACCOUNT_WRITES is used up' },
    });
  }
}
