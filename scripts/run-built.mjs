import { ensureBuilt } from './ensure-built.mjs';

/**
 * `node scripts/run-built.mjs <file in dist> [arguments]`: builds if needed, then runs the file in this same process, so
 * that a signal to it reaches the program and nothing in between swallows it.
 */
const [file, ...args] = process.argv.slice(2);
await ensureBuilt();
const target = new URL(`../dist/${file}`, import.meta.url);
process.argv = [process.argv[0], target.pathname, ...args];
await import(target.href);
