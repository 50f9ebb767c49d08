import type { ResolvedRecord } from '../../embedded/event-log.js';
import type { Caller } from '../access/caller.js';
import type { StreamAccess } from '../access/stream-access.js';
import type { ResponseStream } from '../response-stream.js';
import type { UuidForm } from '../wire-uuid.js';
import { eventResponse } from './read-response.js';

/** The events of one read, as its caller may see them, at the pace of whoever reads them. */
export class EventResponses {
  readonly responses: ResponseStream;
  readonly #access: StreamAccess;
  readonly #caller: Caller;
  readonly #uuidForm: UuidForm;

  constructor(responses: ResponseStream, access: StreamAccess, caller: Caller, uuidForm: UuidForm) {
    this.responses = responses;
    this.#access = access;
    this.#caller = caller;
    this.#uuidForm = uuidForm;
  }

  get isOver(): boolean {
    return this.responses.isOver;
  }

  /** Sends an event. @returns what has to be waited for before the next one; `undefined` if nothing has */
  send(entry: ResolvedRecord): Promise<void> | undefined {
    const shown = this.#access.shown(this.#caller, entry);
    return shown instanceof Promise
      ? shown.then((known) => this.#write(known))
      : this.#write(shown);
  }

  /** Sends events one after the other, until the call is over. */
  async sendAll(entries: readonly ResolvedRecord[]): Promise<void> {
    for (const entry of entries) {
      if (this.isOver) return;
      const wait = this.send(entry);
      if (wait) await wait;
    }
  }

  #write(entry: ResolvedRecord): Promise<void> | undefined {
    const hasRoom = this.responses.write(eventResponse(entry, this.#uuidForm));
    return hasRoom ? undefined : this.responses.drained();
  }
}
