import type { EventLog } from '../../embedded/event-log.js';
import { formatPlace, parsePlace } from '../place.js';
import { checkpointStreamOf } from './group-streams.js';
import { deleteIfPresent, jsonEvent, setMetadata, textOf } from './own-events.js';

const CHECKPOINT_TYPE = '$SubscriptionCheckpoint';

/** Only the last checkpoint counts; the one before is kept for whoever reads the stream. */
const KEPT_CHECKPOINTS = 2;

/** The checkpoints of one group, in a stream of their own. */
export class CheckpointStream {
  readonly #log: EventLog;
  readonly #eventSource: string;
  readonly #stream: string;
  #isBounded = false;

  constructor(log: EventLog, eventSource: string, group: string) {
    this.#log = log;
    this.#eventSource = eventSource;
    this.#stream = checkpointStreamOf(eventSource, group);
  }

  /** @returns the place of the last checkpoint; `undefined` if there is none that can be understood */
  async load(): Promise<number | undefined> {
    const { records } = await this.#log.readStream({
      stream: this.#stream,
      direction: 'backwards',
      from: 'end',
      limit: 1,
      resolveLinks: false,
    });
    const data = records[0]?.event?.data;
    this.#isBounded = data !== undefined;
    return data && parseCheckpoint(this.#eventSource, textOf(data));
  }

  async write(place: number): Promise<void> {
    const text = formatPlace(this.#eventSource, place);
    const event = jsonEvent(CHECKPOINT_TYPE, JSON.stringify(text));
    await this.#log.append(this.#stream, 'any', [event]);
    if (this.#isBounded) return;
    await setMetadata(this.#log, this.#stream, { $maxCount: KEPT_CHECKPOINTS });
    this.#isBounded = true;
  }

  /** Forgets every checkpoint. */
  async clear(): Promise<void> {
    await deleteIfPresent(this.#log, this.#stream);
  }
}

function parseCheckpoint(eventSource: string, json: string): number | undefined {
  try {
    const text: unknown = JSON.parse(json);
    return typeof text === 'string' ? parsePlace(eventSource, text) : undefined;
  } catch {
    return undefined; // anybody may have appended to this stream
  }
}
