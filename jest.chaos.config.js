import base, { serviceProject } from './jest.config.js';

/** Faults under load: `npm run chaos`. `CHAOS_ROUNDS` says how often each; `npm run test:faults` does each once. */
export default {
  ...base,
  projects: [serviceProject('chaos', '<rootDir>/test/chaos/**/*.chaos.ts')],
  maxWorkers: 1,
  testTimeout: 7_200_000,
};
