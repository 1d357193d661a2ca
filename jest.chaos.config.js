import base from './jest.config.js';

/** Faults under load: `npm run chaos`. `CHAOS_ROUNDS` says how often each; `.ci/run` leaves it out, the tests hold a short form of each fault. */
export default {
  ...base,
  testMatch: ['<rootDir>/test/chaos/**/*.chaos.ts'],
  maxWorkers: 1,
  testTimeout: 1_800_000,
};
