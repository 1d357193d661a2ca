import base, { serviceProject } from './jest.config.js';

/** Measurements: `npm run bench`. Nothing here decides whether a change lands; figures are reported, not asserted. */
export default {
  ...base,
  projects: [serviceProject('bench', '<rootDir>/test/bench/**/*.bench.ts')],
  maxWorkers: 1,
  testTimeout: 600_000,
};
