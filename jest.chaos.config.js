import base, { serviceProject } from './jest.config.js';

/** Faults under load: `npm run chaos`, repeated `CHAOS_ROUNDS` times; `npm run test:faults` runs each once. */
export default {
  ...base,
  projects: [serviceProject('chaos', '<rootDir>/test/chaos/**/*.chaos.ts')],
  maxWorkers: 1,
  testTimeout: 7_200_000,
};
