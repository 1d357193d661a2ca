import base, { serviceProject } from './jest.config.js';

/** Tests that need a browser, apart from `npm test`: see test/browser/browser.ts for where one is looked for. */
export default {
  ...base,
  projects: [serviceProject('browser', '<rootDir>/test/browser/**/*.browser-spec.ts')],
};
