import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { LIMITS_CONFIG, type LimitsConfig } from '../config/config.js';
import { localCounter, sharedCounter, type Counter } from './counters.js';

/** What is limited by the client's address, beside wrong passwords. */
export type LimitName = 'register' | 'refresh' | 'token' | 'password';

/** The counter of each limit. */
@Injectable()
export class RateLimits {
  private readonly counters: Readonly<Record<LimitName, Counter>>;

  constructor(dataSource: DataSource, @Inject(LIMITS_CONFIG) config: LimitsConfig) {
    this.counters = {
      register: sharedCounter(dataSource, 'register', config.register),
      // A refresh is one statement; asking the database for its count too would double its cost.
      refresh: localCounter('refresh', config.refresh),
      token: localCounter('token', config.token),
      password: localCounter('password', config.password),
    };
  }

  of(name: LimitName): Counter {
    return this.counters[name];
  }
}
