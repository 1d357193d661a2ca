import base, { serviceProject } from './jest.config.js';

/** Measurements: `npm run bench`. They report figures and are no condition for a change. */
export default {
  ...base,
  projects: [serviceProject('bench', '<rootDir>/test/bench/**/*.bench.ts')],
  maxWorkers: 1,
  testTimeout: 600_000,
};
