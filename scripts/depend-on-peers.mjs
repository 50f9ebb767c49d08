import { readFile, writeFile } from 'node:fs/promises';

/**
 * Makes the peer dependencies of the package in the working directory dependencies, and forgets those of development: what
 * `npm prune` leaves then is what the server needs, in the versions of the lock file.
 */
const path = 'package.json';
const manifest = JSON.parse(await readFile(path, 'utf8'));
manifest.dependencies = { ...manifest.dependencies, ...manifest.peerDependencies };
delete manifest.devDependencies;
await writeFile(path, `${JSON.stringify(manifest, null, 2)}\n`);
