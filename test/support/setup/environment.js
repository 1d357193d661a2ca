import { TestEnvironment } from 'jest-environment-node';

/**
 * Gives tests Node's own import, whose modules stay loaded for the next test file of the same worker. Jest would load
 * the application and its packages again for each file, which takes longer than most of these tests.
 */
export default class extends TestEnvironment {
  async setup() {
    await super.setup();
    this.global.importOnce = (specifier) => import(specifier);
  }
}
