import { availableParallelism } from 'node:os';

/** Native ESM, which needs --experimental-vm-modules (see the scripts of package.json). */
const swc = (type, tsx = false) => [
  '@swc/jest',
  {
    jsc: {
      target: 'es2023',
      parser: { syntax: 'typescript', decorators: true, tsx },
      transform: {
        legacyDecorator: true,
        decoratorMetadata: true,
        useDefineForClassFields: false,
        react: { runtime: 'automatic', importSource: 'preact' },
      },
      keepClassNames: true,
    },
    module: { type },
    sourceMaps: 'inline',
  },
];

const base = {
  rootDir: import.meta.dirname,
  testEnvironment: '<rootDir>/test/support/setup/environment.js',
  extensionsToTreatAsEsm: ['.ts', '.tsx'],
  moduleFileExtensions: ['ts', 'tsx', 'js', 'json', 'node'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  // Before Node 24.9 Jest cannot require() an ES module, and @fastify/static requires this one.
  transform: {
    '^.+\\.ts$': swc('es6'),
    '^.+\\.tsx$': swc('es6', true),
    'node_modules/(?:content-disposition|cookie)/.+\\.js$': swc('commonjs'),
  },
  transformIgnorePatterns: ['/node_modules/(?!(?:content-disposition|cookie)/)'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/packages/[^/]+/dist/'],
};

/** Specs beside their source, which need no server and no build and answer in seconds. */
const unit = {
  ...base,
  displayName: 'unit',
  testMatch: [
    '<rootDir>/src/**/*.spec.ts',
    '<rootDir>/packages/*/src/**/*.spec.ts',
    '<rootDir>/test/structure/*.spec.ts',
  ],
};

/** A project whose tests run the built service on one PostgreSQL per run. */
export function serviceProject(displayName, ...testMatch) {
  return {
    ...base,
    displayName,
    testMatch,
    globalSetup: '<rootDir>/test/support/setup/global-setup.ts',
    globalTeardown: '<rootDir>/test/support/setup/global-teardown.ts',
  };
}

export default {
  projects: [unit, serviceProject('service', '<rootDir>/test/{db,e2e}/**/*-spec.ts')],
  // By default Jest leaves one core idle, but tests often wait for the database and for processes.
  maxWorkers: Math.ceil(1.5 * availableParallelism()),
  testTimeout: 30_000,
};
