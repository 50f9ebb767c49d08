import { ensureBuilt } from '../../scripts/ensure-built.mjs';
import bundleWorkers from './bundle-workers.mjs';

/** Suites that run the built server as a process of its own. */
const NEEDS_BUILD = /e2e|faults/;

/** Before any suite: workers are bundled, and `dist` is built if a suite that runs it may be among those asked for. */
export default async function globalSetup({ testPathPatterns }) {
  const { patterns } = testPathPatterns;
  await Promise.all([
    bundleWorkers(),
    patterns.length === 0 || patterns.some((pattern) => NEEDS_BUILD.test(pattern))
      ? ensureBuilt()
      : undefined,
  ]);
}
