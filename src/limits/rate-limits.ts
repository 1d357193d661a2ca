import { Inject, Injectable } from '@nestjs/common';
import { LIMITS_CONFIG, type LimitsConfig } from '../platform/config/config.js';
import { Counters, type Counter } from './counters.js';

/** The operations that are limited by the client's address. Wrong passwords are limited by GuessLimits. */
export type LimitName = 'register' | 'refresh' | 'token' | 'password';

/** The counter of each limit. */
@Injectable()
export class RateLimits {
  private readonly counters: Readonly<Record<LimitName, Counter>>;

  constructor(counters: Counters, @Inject(LIMITS_CONFIG) config: LimitsConfig) {
    this.counters = {
      register: counters.shared('register', config.register),
      // A refresh is one statement; counting in the database too would double its cost.
      refresh: counters.local('refresh', config.refresh),
      token: counters.local('token', config.token),
      password: counters.local('password', config.password),
    };
  }

  of(name: LimitName): Counter {
    return this.counters[name];
  }
}
