import base from './jest.config.js';

/** Tests that need a browser, apart from `npm test`: see test/browser/browser.ts for where one is looked for. */
export default {
  ...base,
  testMatch: ['<rootDir>/test/browser/**/*.browser-spec.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
};
