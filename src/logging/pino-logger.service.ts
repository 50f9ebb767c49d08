import type { LoggerService } from '@nestjs/common';
import pino from 'pino';
import pretty from 'pino-pretty';
import type { LogFormat, LogLevel } from '../config/posthorn-config.js';

/** What must never reach a log line, by the name of the field it would stand in. */
const SECRET_FIELDS = [
  'authorization',
  'apiToken',
  'token',
  'bearerToken',
  'secret',
  'secrets',
  'signingSecret',
  'signingSecrets',
  'encryptionKey',
  'password',
  'payload',
  'body',
];

/** What must never reach a log line, by its look: signing secrets, API tokens and credentials of a header. */
const SECRET_TEXT = /\b(whsec_|whsk_|pht_|bearer\s+|basic\s+)[A-Za-z0-9+/=_.~-]{8,}/gi;

// eslint-disable-next-line no-control-regex -- a message must not begin a line of its own, nor steer a terminal
const CONTROL_CHARACTERS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

/** What Nest tells while it puts an application together: of use only to whoever looks for a mistake in it. */
const ASSEMBLY_CONTEXTS: ReadonlySet<unknown> = new Set([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
]);

export interface PinoLoggerOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Where the lines go; default: stdout. */
  readonly destination?: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

/**
 * Nest's logger on pino: one line per fact, as JSON or as text for people. Secrets are removed by the name of their field
 * and by their look, so that a careless message does not give one away.
 */
export class PinoLoggerService implements LoggerService {
  readonly #logger: pino.Logger;

  constructor(options: PinoLoggerOptions) {
    const destination = options.destination ?? process.stdout;
    const isPretty =
      options.format === 'pretty' || (options.format === 'auto' && destination.isTTY === true);
    this.#logger = pino(
      {
        level: options.level,
        base: null,
        timestamp: pino.stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }) },
        redact: {
          paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]),
          censor: '[redacted]',
        },
        hooks: { streamWrite: (line) => line.replace(SECRET_TEXT, '$1[redacted]') },
      },
      isPretty ? prettyStream(destination) : destination,
    );
  }

  log(message: unknown, ...rest: unknown[]): void {
    this.#write(ASSEMBLY_CONTEXTS.has(rest.at(-1)) ? 'debug' : 'info', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.#write('error', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.#write('warn', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.#write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.#write('trace', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.#write('fatal', message, rest);
  }

  #write(level: LogLevel, message: unknown, rest: readonly unknown[]): void {
    if (!this.#logger.isLevelEnabled(level)) return;
    const { fields, text } = toLine(message, rest);
    this.#logger[level](fields, text.replace(CONTROL_CHARACTERS, escapeCharacter));
  }
}

/** Nest gives the context as the last text, and an error's stack as the text before it. */
function toLine(
  message: unknown,
  rest: readonly unknown[],
): { fields: Record<string, unknown>; text: string } {
  const texts = rest.filter((part) => typeof part === 'string');
  const fields: Record<string, unknown> = {};
  const context = texts.pop();
  if (context !== undefined) fields['context'] = context;
  for (const part of [message, ...rest]) {
    if (part instanceof Error) fields['err'] = pino.stdSerializers.errWithCause(part);
    else if (typeof part === 'object' && part !== null) Object.assign(fields, part);
  }
  if (fields['err'] === undefined && texts.length > 0) fields['stack'] = texts.join('\n');
  return { fields, text: textOf(message) };
}

function textOf(message: unknown): string {
  if (typeof message === 'string') return message;
  if (message instanceof Error) return message.message;
  if (typeof message !== 'object' || message === null) return String(message);
  return 'message' in message && typeof message.message === 'string' ? message.message : '';
}

function escapeCharacter(character: string): string {
  return JSON.stringify(character).slice(1, -1);
}

function prettyStream(
  destination: NonNullable<PinoLoggerOptions['destination']>,
): pino.DestinationStream {
  return pretty({
    destination,
    sync: true,
    colorize: destination.isTTY === true && process.env['NO_COLOR'] === undefined,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'pid,hostname,context',
    messageFormat: '{if context}[{context}] {end}{msg}',
    singleLine: true,
  });
}
