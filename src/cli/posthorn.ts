#!/usr/bin/env node
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import { CONFIG_KEYS } from '../config/config-keys.js';
import { eventStoreCommand } from './event-store.command.js';

const USAGE = `Usage: posthorn <command>

Commands:
  serve        serve the REST face, webhooks and deliveries until SIGTERM or SIGINT
  event-store  serve an event store to other processes (event-store --help)

Options:
  -h, --help     show this
  -v, --version  show the version

Settings (environment variables; docs/configuration.md describes them):
${Object.values(CONFIG_KEYS)
  .map(({ env, description }) => `  ${env.padEnd(34)}${description}`)
  .join('\n')}
`;

const MODULE_NOT_FOUND = 'ERR_MODULE_NOT_FOUND';
const HTTP_PACKAGES = '@nestjs/platform-express and @nestjs/swagger';

/** Runs the command line. @returns what to exit with, or `undefined` while a server runs */
async function run(args: readonly string[]): Promise<number | undefined> {
  if (args[0] === 'event-store') return eventStoreCommand(args.slice(1));
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      help: { type: 'boolean', short: 'h' },
      version: { type: 'boolean', short: 'v' },
    },
  });
  if (values.version) return print(versionOfPackage());
  if (values.help) return print(USAGE);
  const [command, ...rest] = positionals;
  if (command !== 'serve' || rest.length > 0) {
    process.stderr.write(USAGE);
    return 2;
  }
  await serve();
  return undefined;
}

/** The HTTP server is an optional peer of the package: an application that mounts no REST face does without it. */
async function serve(): Promise<void> {
  const server = await import('../server/serve.js').catch((error: unknown) => {
    const isMissing = error instanceof Error && 'code' in error && error.code === MODULE_NOT_FOUND;
    throw isMissing ? new Error(`posthorn serve needs ${HTTP_PACKAGES}: install both.`) : error;
  });
  await server.serve();
}

function print(text: string): number {
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
  return 0;
}

function versionOfPackage(): string {
  const require = createRequire(import.meta.url);
  return (require('posthorn/package.json') as { version: string }).version;
}

try {
  const exitCode = await run(process.argv.slice(2));
  if (exitCode !== undefined) process.exitCode = exitCode;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  process.exitCode = 2;
}
