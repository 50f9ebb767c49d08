import { inspect } from 'node:util';
import type { LoggerService } from '@nestjs/common';

/** Everything that is logged at any level, before the logger of the server would mask any of it. */
export class CapturingLogger implements LoggerService {
  readonly lines: string[] = [];
  readonly log = this.#capture;
  readonly error = this.#capture;
  readonly warn = this.#capture;
  readonly debug = this.#capture;
  readonly verbose = this.#capture;
  readonly fatal = this.#capture;

  #capture(...parts: unknown[]): void {
    this.lines.push(parts.map(shown).join(' '));
  }
}

/** A value with everything that is in it, hidden properties included. */
export function shown(value: unknown): string {
  return inspect(value, { depth: 20, maxStringLength: null, showHidden: true });
}
