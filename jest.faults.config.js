import base, { serviceProject } from './jest.config.js';

/**
 * `npm run test:faults`: tests that start, kill and stop processes or wait for time limits, and one round of each fault
 * of `npm run chaos`. They are separate from `npm test` to keep it fast; `.ci/run` runs both.
 */
process.env['CHAOS_ROUNDS'] ??= 'short';

export default {
  ...base,
  projects: [
    serviceProject('faults', '<rootDir>/test/faults/**/*-spec.ts', '<rootDir>/test/chaos/**/*.chaos.ts'),
  ],
};
