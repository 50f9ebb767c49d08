import type { Server } from 'node:http';
import { type INestApplication, Logger } from '@nestjs/common';

/** What a shutdown may take beyond the drain: closing connections, the read models and the event store. */
const CLOSING_MS = 15_000;
/** Connections that are still busy this long after the drain are cut. */
const HTTP_GRACE_MS = 5_000;

/**
 * On SIGTERM or SIGINT the application drains and closes, and the process exits with 0; with 1 if that fails or takes
 * longer than it may. A second signal exits at once: nothing that was acknowledged is lost by that.
 */
export function endOnSignals(app: INestApplication, drainTimeoutMs: number): void {
  const logger = new Logger('Server');
  let isEnding = false;
  const end = (signal: NodeJS.Signals): void => {
    if (isEnding) {
      logger.warn(`${signal} again: exiting at once`);
      process.exit(1);
    }
    isEnding = true;
    logger.log(`${signal}: draining`);
    setTimeout(() => {
      logger.fatal('the shutdown takes too long: exiting');
      process.exit(1);
    }, drainTimeoutMs + CLOSING_MS).unref();
    setTimeout(() => {
      (app.getHttpServer() as Server).closeAllConnections();
    }, drainTimeoutMs + HTTP_GRACE_MS).unref();
    close(app, logger);
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
}

function close(app: INestApplication, logger: Logger): void {
  app.close().then(
    () => {
      logger.log('stopped');
      process.exit(0);
    },
    (error: unknown) => {
      logger.fatal(error);
      process.exit(1);
    },
  );
}

/** A fault that nobody handled leaves the process in a state that nobody knows: it is logged, and the process exits. */
export function exitOn(...events: readonly ('uncaughtException' | 'unhandledRejection')[]): void {
  for (const event of events) {
    process.on(event, (error: unknown) => {
      new Logger('Server').fatal(error);
      process.exit(1);
    });
  }
}
