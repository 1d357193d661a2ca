import { TestEnvironment } from 'jest-environment-node';

/**
 * Hands Node's own import into the test: what it loads stays loaded for the next file of the same worker. Jest would
 * load the application and its packages anew for each of them, which takes longer than most of these tests.
 */
export default class extends TestEnvironment {
  async setup() {
    await super.setup();
    this.global.importOnce = (specifier) => import(specifier);
  }
}
