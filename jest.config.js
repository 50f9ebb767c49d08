import { env } from 'node:process';

/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/src', '<rootDir>/modules', '<rootDir>/projections', '<rootDir>/test'],
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  testMatch: ['**/*.spec.ts'],
  setupFiles: ['reflect-metadata'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.+)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          target: 'es2023',
        },
        module: { type: 'es6' },
      },
    ],
  },
  coverageProvider: 'v8',
  collectCoverageFrom: ['{src,modules,projections}/**/*.ts', '!src/main.ts'],
  workerIdleMemoryLimit: '600MB',
  // for a machine that is busy with more than the tests
  testTimeout: 15_000,
  // suites that share an event store see each other's events
  ...(env.EVENTSTORE_URL ? { maxWorkers: 1 } : {}),
};
