import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';

/**
 * Worker threads run JavaScript, while the test runner runs the TypeScript sources in place. So each `*.worker.ts` is
 * bundled into a `*.worker.js` beside it, which is where its owner looks in a build too.
 */
export default async function bundleWorkers() {
  const root = new URL('../../', import.meta.url).pathname;
  const entryPoints = [];
  for (const folder of ['modules', 'projections', 'src']) {
    const files = await readdir(join(root, folder), { recursive: true });
    entryPoints.push(
      ...files.filter((file) => file.endsWith('.worker.ts')).map((file) => join(folder, file)),
    );
  }
  await Promise.all(entryPoints.map((entryPoint) => bundle(root, entryPoint)));
}

/** A worker that cannot be bundled is missing, which fails the suites that start it and no others. */
async function bundle(root, entryPoint) {
  try {
    await build({
      entryPoints: [entryPoint],
      absWorkingDir: root,
      outdir: root,
      outbase: root,
      bundle: true,
      packages: 'external',
      platform: 'node',
      format: 'esm',
      target: 'node20',
      sourcemap: 'inline',
      logLevel: 'warning',
    });
  } catch {
    await rm(join(root, entryPoint.replace(/\.ts$/, '.js')), { force: true });
  }
}
