import { inspect } from 'node:util';

/** A secret in clear, held so that no log, error or JSON shows it by accident. */
export class ClearSecret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The clear text: for encryption and for sending, never for a log or an event. */
  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}
