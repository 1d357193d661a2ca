import base, { serviceProject } from './jest.config.js';

/**
 * `npm run test:faults`: what takes processes that are started, killed and stopped, or time limits that are waited out,
 * and one round of each fault of `npm run chaos`. Apart from `npm test`, which is quicker for it; `.ci/run` runs both.
 */
process.env['CHAOS_ROUNDS'] ??= 'short';

export default {
  ...base,
  projects: [
    serviceProject('faults', '<rootDir>/test/faults/**/*-spec.ts', '<rootDir>/test/chaos/**/*.chaos.ts'),
  ],
};
