import { randomUUID } from 'node:crypto';
import type {
  EventLog,
  LogRecord,
  ProposedEvent,
  ResolvedRecord,
} from '../../embedded/event-log.js';
import { LINK_TYPE } from '../../embedded/system-names.js';
import type { ParkedPage } from '../group/parked-messages.js';
import { parkedStreamOf } from './group-streams.js';
import { deleteIfPresent, setMetadata } from './own-events.js';

const ADMINS = '$admins';
const ADMINS_ONLY = { $r: ADMINS, $w: ADMINS, $d: ADMINS, $mr: ADMINS, $mw: ADMINS };

/** The parked messages of one group: a stream of links to the events. */
export class ParkedStream {
  readonly #log: EventLog;
  readonly #stream: string;

  constructor(log: EventLog, eventSource: string, group: string) {
    this.#log = log;
    this.#stream = parkedStreamOf(eventSource, group);
  }

  /** Revisions of the first message that was not cut off, and of the next one to be parked. */
  async load(): Promise<{ readonly from: number; readonly end: number }> {
    const { records, lastRevision } = await this.#log.readStream({
      stream: this.#stream,
      direction: 'forwards',
      from: 'start',
      limit: 1,
      resolveLinks: false,
    });
    const end = lastRevision + 1;
    return { from: records[0]?.event?.revision ?? end, end };
  }

  /** @returns the revision at which the message was parked */
  async append(event: ProposedEvent): Promise<number> {
    return (await this.#log.append(this.#stream, 'any', [event])).revision;
  }

  async read(from: number, limit: number): Promise<ParkedPage> {
    const { records, next, lastRevision } = await this.#log.readStream({
      stream: this.#stream,
      direction: 'forwards',
      from,
      limit,
      resolveLinks: true,
    });
    return { records, next: next ?? lastRevision + 1 };
  }

  /** Cuts off what was parked before revision `before`. */
  async truncate(before: number): Promise<void> {
    await setMetadata(this.#log, this.#stream, { $tb: before, $acl: ADMINS_ONLY });
  }

  /** Forgets every parked message. */
  async clear(): Promise<void> {
    await deleteIfPresent(this.#log, this.#stream);
  }
}

/** The event that parks a message: a link to its event, with why and when. */
export function parkedEvent(record: ResolvedRecord, reason: string, nowMs: number): ProposedEvent {
  const original = record.link ?? record.event;
  const metadata = {
    added: new Date(nowMs).toISOString(),
    reason,
    ...(original?.revision ? { subscriptionEventNumber: original.revision } : {}),
  };
  return {
    id: randomUUID(),
    type: LINK_TYPE,
    isJson: false,
    data: record.event ? linkTo(record.event) : (record.link?.data ?? new Uint8Array(0)),
    metadata: Buffer.from(JSON.stringify(metadata)),
  };
}

function linkTo(event: LogRecord): Uint8Array {
  return Buffer.from(`${event.revision}@${event.stream}`);
}
