import { resolve } from 'node:path';
import { Logger } from '@nestjs/common';
import { serveEventStore, type ServedEventStoreOptions } from '../../modules/event-store/index.js';
import { isPosthornError, type PosthornError } from '../../modules/kernel/index.js';
import { CONFIG_KEYS } from '../config/config-keys.js';
import { loadConfig } from '../config/load-config.js';
import { PinoLoggerService } from '../logging/pino-logger.service.js';
import { EVENT_STORE_USAGE, parseEventStoreOptions } from './event-store-options.js';

const CLOSE_LIMIT_MS = 15_000;

const LOOPBACK = /^(127\.|::1$|localhost$)/;

/** What the command needs of its process. */
export type CommandProcess = Pick<NodeJS.Process, 'env'> & {
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly stderr: NodeJS.WritableStream;
  on(signal: 'SIGTERM' | 'SIGINT', listener: (signal: NodeJS.Signals) => void): unknown;
  exit(code: number): void;
};

/**
 * `posthorn event-store`: serves an event store until SIGTERM or SIGINT. A second signal exits at once; nothing that was
 * acknowledged is lost by that.
 * @returns the exit code: 0 after a signal, 1 when it cannot be served (any more), 2 for bad options
 */
export async function eventStoreCommand(
  args: readonly string[],
  host: CommandProcess = process,
): Promise<number> {
  try {
    const options = parseEventStoreOptions(args);
    if (options) return await serve(options, host);
    host.stdout.write(EVENT_STORE_USAGE);
    return 0;
  } catch (error) {
    if (!isPosthornError(error)) throw error;
    host.stderr.write(textOf(error));
    return isPosthornError(error, 'PSH_EVENT_STORE_INVALID_OPTIONS') ? 2 : 1;
  }
}

async function serve(options: ServedEventStoreOptions, host: CommandProcess): Promise<number> {
  const { logLevel, logFormat } = loadConfig({}, logSettings(host.env));
  Logger.overrideLogger(
    new PinoLoggerService({ level: logLevel, format: logFormat, destination: host.stdout }),
  );
  const logger = new Logger('EventStore');
  const ended = signalled(host, logger);
  const store = await serveEventStore(options);
  logger.log(`listening on ${addressOf(options, store.port)}, data in ${resolve(options.dataDir)}`);
  if (!options.users && !LOOPBACK.test(options.host)) {
    logger.warn('no users: whoever reaches this address can read and write everything');
  }
  const reason = await Promise.race([ended, store.failed]);
  if (reason instanceof Error) {
    logger.fatal(reason);
    return 1;
  }
  logger.log(`${reason}: closing`);
  const limit = setTimeout(() => {
    logger.fatal('closing takes too long: exiting');
    host.exit(1);
  }, CLOSE_LIMIT_MS);
  await store.close();
  clearTimeout(limit);
  logger.log('stopped');
  return 0;
}

/** Resolves with the first signal; the second one exits. */
async function signalled(host: CommandProcess, logger: Logger): Promise<NodeJS.Signals> {
  return new Promise((resolveSignal) => {
    let isFirst = true;
    const end = (signal: NodeJS.Signals): void => {
      if (!isFirst) {
        logger.warn(`${signal} again: exiting at once`);
        host.exit(1);
      }
      isFirst = false;
      resolveSignal(signal);
    };
    host.on('SIGTERM', end);
    host.on('SIGINT', end);
  });
}

/** The log is configured as that of the server is; the other settings are not for this command. */
function logSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const names = [CONFIG_KEYS.logLevel.env, CONFIG_KEYS.logFormat.env];
  return Object.fromEntries(names.map((name) => [name, env[name]]));
}

function addressOf({ host, tls }: ServedEventStoreOptions, port: number): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return `esdb://${name}:${port}?tls=${String(tls !== undefined)}`;
}

function textOf({ code, message, fix, problems }: PosthornError): string {
  if (problems.length === 0) return `${code}: ${message}\n  ${fix}\n`;
  const lines = problems.map(
    (problem) => `  ${problem.field} ${problem.message}. ${problem.fix}\n`,
  );
  return `${code}: the options are not usable\n${lines.join('')}`;
}
