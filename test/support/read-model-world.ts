import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ANY, jsonEvent } from '@eventstore/db-client';
import {
  type EventStore,
  openEmbeddedEventStore,
  StreamNames,
} from '../../modules/event-store/index.js';
import { type Clock, SystemClock } from '../../modules/kernel/index.js';
import { ReadModels } from '../../projections/runtime/read-models.js';
import type { DeliveryStories } from './delivery-stories.js';

/** An embedded event store, and read models that follow it, in a folder that vanishes at the end. */
export class ReadModelWorld {
  readonly folder: string;
  readonly names = new StreamNames();
  readonly clock = new SystemClock();
  readonly #readModels = new Set<ReadModels>();
  readonly #open: (dataDir: string) => Promise<EventStore>;
  #store: EventStore | undefined;

  /** @param open default: opens the embedded event store in the process */
  constructor(open: (dataDir: string) => Promise<EventStore> = openInProcess) {
    this.#open = open;
    this.folder = mkdtempSync(join(tmpdir(), 'posthorn-read-models-'));
  }

  /** The event store, opened when it is first asked for. */
  async store(): Promise<EventStore> {
    return (this.#store ??= await this.#open(join(this.folder, 'log')));
  }

  async closeStore(): Promise<void> {
    await this.#store?.close();
    this.#store = undefined;
  }

  /** Opens read models on the store, or on `through`, with the file in the world's folder. */
  async readModels(through?: EventStore, clock: Clock = this.clock): Promise<ReadModels> {
    const models = new ReadModels(through ?? (await this.store()), this.names, clock, {
      dataDir: this.folder,
    });
    this.#readModels.add(models);
    await models.open();
    return models;
  }

  /** Appends what the stories tell, from event `from` to before event `to`. @returns position of the last */
  async append(stories: DeliveryStories, from = 0, to = Infinity): Promise<bigint> {
    const { client } = await this.store();
    let position = -1n;
    for (const { deliveryId, event } of stories.events.slice(from, to)) {
      const result = await client.appendToStream(
        this.names.delivery(deliveryId),
        jsonEvent({ type: event.type, data: event.data }),
        { expectedRevision: ANY },
      );
      position = result.position?.commit ?? position;
    }
    return position;
  }

  /** Appends one event to a stream. @returns its position */
  async appendTo(stream: string, type: string, data: object): Promise<bigint> {
    const { client } = await this.store();
    const event = jsonEvent({ type, data: data as Record<string, unknown> });
    const { position } = await client.appendToStream(stream, event, { expectedRevision: ANY });
    return position?.commit ?? -1n;
  }

  async close(): Promise<void> {
    for (const models of this.#readModels) await models.close();
    await this.closeStore();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function openInProcess(dataDir: string): Promise<EventStore> {
  return openEmbeddedEventStore({ dataDir });
}
