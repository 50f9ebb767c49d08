import { Injectable } from '@nestjs/common';

/**
 * What this process has promised its callers: the highest position that a command answered with. A query that waits for
 * it shows everything that earlier calls changed.
 */
@Injectable()
export class Promises {
  #position: bigint | undefined;

  /** A command took effect at `position`; `null` when it changed nothing. */
  promise(position: bigint | null): void {
    if (position === null) return;
    if (this.#position === undefined || position > this.#position) this.#position = position;
  }

  /** What a query has to wait for. */
  get freshness(): { readonly minPosition?: bigint } {
    return this.#position === undefined ? {} : { minPosition: this.#position };
  }
}
