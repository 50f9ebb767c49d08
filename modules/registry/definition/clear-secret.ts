import { inspect } from 'node:util';

/**
 * A secret as it was given, held so that no log, error or JSON shows it by accident: in clear, or as a reference to where
 * the application keeps it.
 */
export class ClearSecret {
  /** What the application's resolver finds the secret by; `null` of one that is held in clear. */
  readonly reference: string | null;
  readonly #text: string;

  constructor(text: string, reference: string | null = null) {
    this.#text = text;
    this.reference = reference;
  }

  /** A secret that is looked up when it is needed. */
  static referredTo(reference: string): ClearSecret {
    return new ClearSecret('', reference);
  }

  /** The clear text: for encryption and for sending, never for a log or an event. Empty of a reference. */
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
