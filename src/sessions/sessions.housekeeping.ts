import { Injectable } from '@nestjs/common';
import { EntityManager } from 'typeorm';
import { Clock } from '../platform/kernel/clock.js';
import { Housekeeping } from '../platform/pacing/housekeeping.js';
import { SessionsRepository } from './sessions.repository.js';

/** How long an ended session stays in the table for investigation, in milliseconds. */
const KEEP_MS = 86_400_000;

/** Deletes sessions a day after their end. */
@Injectable()
export class SessionsHousekeeping {
  constructor(
    sessions: SessionsRepository,
    manager: EntityManager,
    clock: Clock,
    housekeeping: Housekeeping,
  ) {
    housekeeping.register((limit) => sessions.deleteExpired(manager, new Date(clock.now() - KEEP_MS), limit));
  }
}
