// Owns: counters of attempts and requests, and known devices. May import: platform, access. Never: sees a password.
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AccountWrites } from './account-writes.js';
import { ClientAddresses } from './client-addresses.js';
import { RateLimitCounter } from './counter.entity.js';
import { Counters } from './counters.js';
import { CountersHousekeeping } from './counters.housekeeping.js';
import { CountersRepository } from './counters.repository.js';
import { GuessLimits } from './guess-limits.js';
import { KnownDevices } from './known-devices.js';
import { ProxyWatch } from './proxy-watch.js';
import { RateLimitGuard } from './rate-limit.guard.js';
import { RateLimits } from './rate-limits.js';

@Module({
  imports: [TypeOrmModule.forFeature([RateLimitCounter])],
  providers: [
    AccountWrites,
    ClientAddresses,
    Counters,
    CountersHousekeeping,
    CountersRepository,
    GuessLimits,
    KnownDevices,
    ProxyWatch,
    RateLimitGuard,
    RateLimits,
  ],
  exports: [
    AccountWrites,
    ClientAddresses,
    GuessLimits,
    KnownDevices,
    ProxyWatch,
    RateLimitGuard,
    RateLimits,
  ],
})
export class LimitsModule {}
