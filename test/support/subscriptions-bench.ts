import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  EngineError,
  type EventLog,
  type ProposedEvent,
} from '../../modules/event-store/embedded/event-log.js';
import { openEmbeddedLog } from '../../modules/event-store/embedded/open-embedded-log.js';
import type {
  DropReason,
  GroupConnection,
} from '../../modules/event-store/persistent-subscriptions/group-connection.js';
import type { GroupSource } from '../../modules/event-store/persistent-subscriptions/group-settings.js';
import type { Delivery } from '../../modules/event-store/persistent-subscriptions/group/group-consumer.js';
import { PersistentSubscriptions } from '../../modules/event-store/persistent-subscriptions/persistent-subscriptions.js';
import { ManualClock } from '../../modules/kernel/index.js';

/** A consumer in a test. */
export interface BenchConsumer {
  readonly connection: GroupConnection;
  readonly deliveries: Delivery[];
  readonly drops: DropReason[];
  /** Data of the events it was given. */
  readonly data: () => string[];
}

/** Persistent subscriptions on a log of their own, with a clock that stands still; on the log single streams can be made to refuse appends. */
export class SubscriptionsBench {
  readonly clock = new ManualClock();
  readonly refusing = new Set<string>();
  readonly #dataDir = mkdtempSync(join(tmpdir(), 'persistent-'));
  #opened: Awaited<ReturnType<typeof openEmbeddedLog>> | undefined;
  #subscriptions: PersistentSubscriptions | undefined;

  get log(): EventLog {
    if (!this.#opened) throw new Error('The bench is not open');
    return this.#opened.log;
  }

  get subscriptions(): PersistentSubscriptions {
    if (!this.#subscriptions) throw new Error('The bench is not open');
    return this.#subscriptions;
  }

  async open(): Promise<void> {
    this.#opened = await openEmbeddedLog({ dataDir: this.#dataDir, clock: this.clock });
    this.#subscriptions = new PersistentSubscriptions({
      log: refusingLog(this.#opened.log, this.refusing),
      clock: this.clock,
    });
    await this.#subscriptions.start();
  }

  /** Ends everything as if the process were killed: nothing is noted down. */
  async kill(): Promise<void> {
    await this.#opened?.close();
    await this.open();
  }

  /** Ends everything in good order, and starts again. */
  async restart(): Promise<void> {
    await this.subscriptions.close();
    await this.kill();
  }

  async close(): Promise<void> {
    await this.subscriptions.close();
    await this.#opened?.close();
    rmSync(this.#dataDir, { recursive: true });
  }

  async append(stream: string, ...data: string[]): Promise<void> {
    await this.log.append(stream, 'any', data.map(event));
  }

  async connect(source: GroupSource, group: string, bufferSize = 10): Promise<BenchConsumer> {
    const deliveries: Delivery[] = [];
    const drops: DropReason[] = [];
    const connection = await this.subscriptions.connect(source, group, {
      bufferSize,
      connectionName: 'bench',
      username: 'system',
      push: (delivery) => {
        deliveries.push(delivery);
        return true;
      },
      dropped: (reason) => drops.push(reason),
    });
    connection.resume();
    const data = () => deliveries.map(({ record }) => String(record.event?.data));
    return { connection, deliveries, drops, data };
  }

  /** Waits until `isDone`, letting the threads of the log work. */
  async until(isDone: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await isDone())) await new Promise((resolve) => setImmediate(resolve));
  }

  async untilReceived(consumer: BenchConsumer, count: number): Promise<void> {
    await this.until(() => consumer.deliveries.length >= count);
  }
}

function event(data: string): ProposedEvent {
  const metadata = new Uint8Array(0);
  return { id: randomUUID(), type: 'thing', isJson: false, data: Buffer.from(data), metadata };
}

/** `log`, except that appends to the streams in `refusing` are refused. */
function refusingLog(log: EventLog, refusing: ReadonlySet<string>): EventLog {
  return {
    append: async (stream, expected, events) => {
      if (!refusing.has(stream)) return log.append(stream, expected, events);
      throw new EngineError({ kind: 'unavailable', message: 'The disk is full' });
    },
    readStream: (query) => log.readStream(query),
    readAll: (query) => log.readAll(query),
    resolveLink: (link) => log.resolveLink(link),
    delete: (stream, expected, isHard) => log.delete(stream, expected, isHard),
    onCommitted: (listener) => log.onCommitted(listener),
    get head() {
      return log.head;
    },
  };
}
