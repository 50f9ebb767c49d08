import { EngineError, type ProposedEvent } from '../../embedded/event-log.js';
import { missingMetadata } from '../errors/call-status.js';
import type { shared } from '../protocol.js';
import { CONTENT_TYPE, PROPERTY } from '../recorded-message.js';
import { fromWireUuid } from '../wire-uuid.js';

/** Append and BatchAppend have a class of their own for this; the fields are the same. */
interface ProposedMessage {
  getId(): shared.UUID | undefined;
  getMetadataMap(): { get(key: string): string | undefined };
  getCustomMetadata_asU8(): Uint8Array;
  getData_asU8(): Uint8Array;
}

const REQUIRED = [PROPERTY.type, PROPERTY.contentType] as const;

/** Most bytes of one append that are not data: metadata and types. EventStoreDB up to 25 does not count these. */
const MAX_OTHER_BYTES = 16 * 1024 * 1024;

/** The events of one append, as they arrive. */
export class ProposedEvents {
  readonly #maxBytes: number;
  readonly #events: ProposedEvent[] = [];
  #dataBytes = 0;
  #otherBytes = 0;

  /** @param maxBytes most bytes of data that they may carry */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get events(): readonly ProposedEvent[] {
    return this.#events;
  }

  /** @throws CallStatus without a type or content type; EngineError `append-too-large` as soon as they are too much */
  add(message: ProposedMessage): void {
    const event = toProposed(message);
    this.#dataBytes += event.data.length;
    this.#otherBytes += event.metadata.length + 2 * event.type.length;
    if (this.#dataBytes > this.#maxBytes || this.#otherBytes > MAX_OTHER_BYTES) {
      throw new EngineError({ kind: 'append-too-large', maxBytes: this.#maxBytes });
    }
    this.#events.push(event);
  }
}

function toProposed(message: ProposedMessage): ProposedEvent {
  const properties = message.getMetadataMap();
  const [type, contentType] = REQUIRED.map((property) => {
    const value = properties.get(property);
    if (value === undefined) throw missingMetadata(property, REQUIRED);
    return value;
  }) as [string, string];
  return {
    id: fromWireUuid(message.getId()),
    type,
    isJson: contentType === CONTENT_TYPE.json,
    data: message.getData_asU8(),
    metadata: message.getCustomMetadata_asU8(),
  };
}
