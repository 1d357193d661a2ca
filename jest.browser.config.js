import base, { serviceProject } from './jest.config.js';

/** Tests that need a browser, separate from `npm test`; test/browser/browser.ts finds the browser. */
export default {
  ...base,
  projects: [serviceProject('browser', '<rootDir>/test/browser/**/*.browser-spec.ts')],
};
