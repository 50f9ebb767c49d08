import { EngineError, type ProposedEvent } from '../../embedded/event-log.js';
import { missingMetadata } from '../errors/call-status.js';
import { CONTENT_TYPE, PROPERTY } from '../recorded-event.js';
import type { HeldBytes } from './held-bytes.js';
import type { ProposedMessage } from './proposed-message.js';

const REQUIRED = [PROPERTY.type, PROPERTY.contentType] as const;

/** Most bytes of one append that are not data: metadata and types. EventStoreDB up to 25 does not count these. */
const MAX_OTHER_BYTES = 16 * 1024 * 1024;

/** The events of one append, as they arrive. Whoever makes it releases it, however it ends. */
export class ProposedEvents {
  readonly #maxBytes: number;
  readonly #held: HeldBytes;
  #events: ProposedEvent[] = [];
  #dataBytes = 0;
  #otherBytes = 0;
  #heldBytes = 0;

  /** @param maxBytes most bytes of data that they may carry */
  constructor(maxBytes: number, held: HeldBytes) {
    this.#maxBytes = maxBytes;
    this.#held = held;
  }

  get events(): readonly ProposedEvent[] {
    return this.#events;
  }

  /**
   * Adds the events of one request.
   * @param requestBytes what holding them costs: they are views of the whole request
   * @throws CallStatus without a type or content type, or when the server holds too much; EngineError `append-too-large` as
   * soon as they are too much
   */
  add(messages: readonly ProposedMessage[], requestBytes: number): void {
    this.#held.add(requestBytes);
    this.#heldBytes += requestBytes;
    for (const message of messages) this.#add(toProposed(message));
  }

  /** Lets go of the events. */
  release(): void {
    this.#held.release(this.#heldBytes);
    this.#heldBytes = 0;
    this.#events = [];
  }

  #add(event: ProposedEvent): void {
    this.#dataBytes += event.data.length;
    this.#otherBytes += event.metadata.length + 2 * event.type.length;
    if (this.#dataBytes > this.#maxBytes || this.#otherBytes > MAX_OTHER_BYTES) {
      throw new EngineError({ kind: 'append-too-large', maxBytes: this.#maxBytes });
    }
    this.#events.push(event);
  }
}

function toProposed({ id, type, contentType, data, metadata }: ProposedMessage): ProposedEvent {
  if (type === undefined) throw missingMetadata(PROPERTY.type, REQUIRED);
  if (contentType === undefined) throw missingMetadata(PROPERTY.contentType, REQUIRED);
  return { id, type, isJson: contentType === CONTENT_TYPE.json, data, metadata };
}
