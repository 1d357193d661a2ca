import { Injectable } from '@nestjs/common';
import { EntityManager } from 'typeorm';
import { Clock } from '../platform/kernel/clock.js';
import { Housekeeping } from '../platform/pacing/housekeeping.js';
import { CountersRepository } from './counters.repository.js';

/** Deletes expired counters. */
@Injectable()
export class CountersHousekeeping {
  constructor(
    counters: CountersRepository,
    manager: EntityManager,
    clock: Clock,
    housekeeping: Housekeeping,
  ) {
    housekeeping.register((limit) => counters.deleteExpired(manager, new Date(clock.now()), limit));
  }
}
