// Owns: counters of attempts and requests. May import: database, access, config, kernel. Never: knows a password.
import { Module } from '@nestjs/common';
import { ClientAddresses } from './client-addresses.js';
import { Counters } from './counters.js';
import { CountersRepository } from './counters.repository.js';
import { GuessLimits } from './guess-limits.js';
import { ProxyWatch } from './proxy-watch.js';
import { RateLimitGuard } from './rate-limit.guard.js';
import { RateLimits } from './rate-limits.js';

@Module({
  providers: [
    ClientAddresses,
    Counters,
    CountersRepository,
    GuessLimits,
    ProxyWatch,
    RateLimitGuard,
    RateLimits,
  ],
  exports: [ClientAddresses, CountersRepository, GuessLimits, ProxyWatch, RateLimitGuard, RateLimits],
})
export class LimitsModule {}
