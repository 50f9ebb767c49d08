import { ERROR_REGISTRY, type ErrorCode } from './error-registry.js';

/** One mistake in what was given: which field, what is wrong with it, and how to mend it. */
export interface FieldProblem {
  /** Path of the field, such as `url` or `retry.attempts`; empty for the input as a whole. */
  readonly field: string;
  readonly message: string;
  readonly fix: string;
}

export interface PosthornErrorOptions {
  /** Every mistake found, not just the first. */
  readonly problems?: readonly FieldProblem[];
  readonly cause?: unknown;
}

/**
 * The one error class of Posthorn; `code` tells what happened, `problems` where. Messages carry no payload and no secret.
 */
export class PosthornError extends Error {
  override readonly name = 'PosthornError';
  readonly code: ErrorCode;
  readonly problems: readonly FieldProblem[];

  /**
   * @param code the stable code
   * @param detail what happened this time; default: the title of the code
   */
  constructor(code: ErrorCode, detail?: string, options: PosthornErrorOptions = {}) {
    const definition = ERROR_REGISTRY[code];
    super(
      detail ?? definition.title,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.code = code;
    this.problems = options.problems ?? [];
  }

  /** HTTP status for this error. */
  get status(): number {
    return ERROR_REGISTRY[this.code].status;
  }

  /** What the caller can do about it. */
  get fix(): string {
    return ERROR_REGISTRY[this.code].fix;
  }
}

/** Whether `error` is a `PosthornError`, and has `code` if one is given. */
export function isPosthornError(error: unknown, code?: ErrorCode): error is PosthornError {
  return error instanceof PosthornError && (code === undefined || error.code === code);
}
