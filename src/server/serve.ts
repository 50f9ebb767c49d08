import type { AddressInfo, Server } from 'node:net';
import { type DynamicModule, Logger, type Type } from '@nestjs/common';
import { API_DOCS_PATH } from '../../modules/admin/index.js';
import { EVENT_STORE, type EventStore } from '../../modules/event-store/index.js';
import { PosthornError } from '../../modules/kernel/index.js';
import { loadConfig, unknownVariables } from '../config/load-config.js';
import type { PosthornConfig } from '../config/posthorn-config.js';
import { PinoLoggerService } from '../logging/pino-logger.service.js';
import { createServer } from './create-server.js';
import { endOnSignals, exitOn } from './process-end.js';

/** What the server serves beside Posthorn itself. */
export type ServedModules = (config: PosthornConfig) => readonly (DynamicModule | Type)[];

/**
 * Serves Posthorn as a process of its own, configured by the environment: REST, webhooks, deliveries. Resolves when it
 * listens. SIGTERM and SIGINT drain it and exit with 0; what makes it impossible to go on exits with 1.
 *
 * @param servedModules modules with webhooks to serve too
 */
export async function serve(servedModules: ServedModules = () => []): Promise<void> {
  const config = configOrExit();
  const logger = new PinoLoggerService({ level: config.logLevel, format: config.logFormat });
  Logger.overrideLogger(logger);
  exitOn('uncaughtException', 'unhandledRejection');
  for (const name of unknownVariables()) {
    new Logger('Config').warn(`${name} is set, but there is no such setting`);
  }
  try {
    await start(config, servedModules(config), logger);
  } catch (error) {
    new Logger('Server').fatal(error);
    process.exit(1);
  }
}

async function start(
  config: PosthornConfig,
  modules: readonly (DynamicModule | Type)[],
  logger: PinoLoggerService,
): Promise<void> {
  // The configuration is given as options, so that what was validated is what is used.
  const posthorn = Object.fromEntries(Object.entries(config)) as Partial<PosthornConfig>;
  const app = await createServer({ posthorn, modules, logger });
  endOnSignals(app, config.drainTimeoutMs);
  void app.get<EventStore>(EVENT_STORE).failed.then((error) => {
    new Logger('Server').fatal(error);
    process.exit(1);
  });
  await app.listen(config.port, config.host);
  const server = app.getHttpServer() as Server;
  const url = urlOf(server.address() as AddressInfo);
  new Logger('Server').log(`listening on ${url}, API documentation at ${url}/${API_DOCS_PATH}`);
}

function configOrExit(): PosthornConfig {
  try {
    return loadConfig({}, process.env, { hasRestFace: true });
  } catch (error) {
    if (!(error instanceof PosthornError)) throw error;
    process.stderr.write(`${error.code}: the configuration is not usable\n`);
    for (const { field, message, fix } of error.problems) {
      process.stderr.write(`  ${field} ${message}. ${fix}\n`);
    }
    process.exit(1);
  }
}

function urlOf({ address, family, port }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${String(port)}`;
}
