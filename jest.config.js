import { availableParallelism } from 'node:os';
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
  // Suites that share an event store see each other's events. Otherwise one more than Jest would take on a small machine:
  // the longest suites start processes, and wait for them.
  maxWorkers: env.EVENTSTORE_URL ? 1 : Math.max(2, availableParallelism() - 1),
};
