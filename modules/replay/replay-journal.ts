import { ErrorType } from '@eventstore/db-client';
import type { IEvent } from '@nestjs/cqrs';
import {
  appendCertainly,
  type EventStoreClient,
  isClientError,
  isOutcomeUnknown,
  newEvents,
  type StreamNames,
} from '../event-store/index.js';
import { type Clock, PosthornError } from '../kernel/index.js';
import { type ReplayCommand, replayDecider } from './replay.aggregate.js';
import type { ReplayEvent, ReplayLifeEvent } from './replay.events.js';
import type { ReplayRecord } from './replay-record.events.js';

/** A replay as its stream tells it. */
export interface LoadedReplay {
  /** `undefined`: it was not started. */
  readonly replay: ReplayRecord | undefined;
  readonly revision: bigint | 'no_stream';
}

/** What a command led to. */
export interface RecordedReplay {
  /** Empty when there was nothing to record. */
  readonly events: readonly ReplayLifeEvent[];
  readonly after: LoadedReplay & { readonly replay: ReplayRecord };
  /** Commit position of the append; `null` when nothing was appended. */
  readonly position: bigint | null;
}

/** An event that was recorded on a replay's stream, published on the `EventBus` of this process. */
export class ReplayRecorded implements IEvent {
  constructor(
    readonly replayId: string,
    readonly event: ReplayLifeEvent,
    /** Commit position in the log. */
    readonly position: bigint,
  ) {}
}

export interface ReplayJournalDependencies {
  readonly client: Pick<EventStoreClient, 'appendToStream' | 'readStream'>;
  readonly names: StreamNames;
  readonly clock: Clock;
  readonly publish: (recorded: ReplayRecorded) => void;
}

const NOT_STARTED: LoadedReplay = { replay: undefined, revision: 'no_stream' };
/** A command that is overtaken more often than this meets a defect, not a race. */
const MOST_DECISIONS = 20;

/**
 * Reads and writes the streams of replays.
 *
 * Guarantee: what is recorded was decided on the state it was recorded on, because every append carries the revision that
 * was read. So progress can never be recorded over a pause, nor by an instance whose successor has recorded some.
 */
export class ReplayJournal {
  readonly #dependencies: ReplayJournalDependencies;

  constructor(dependencies: ReplayJournalDependencies) {
    this.#dependencies = dependencies;
  }

  /** The replay as recorded. @param from what was loaded before: only what followed is read */
  async load(replayId: string, from: LoadedReplay = NOT_STARTED): Promise<LoadedReplay> {
    const { client, names } = this.#dependencies;
    let { replay, revision } = from;
    const fromRevision = revision === 'no_stream' ? 0n : revision + 1n;
    try {
      for await (const { event } of client.readStream(names.replay(replayId), { fromRevision })) {
        if (!event) continue;
        replay = replayDecider.evolve(replay, event as unknown as ReplayEvent);
        revision = event.revision;
      }
    } catch (error) {
      if (!isClientError(error, ErrorType.STREAM_NOT_FOUND)) throw error;
    }
    return { replay, revision };
  }

  /**
   * Decides `command` and records what it leads to.
   *
   * @param from the replay as last seen; a wrong guess costs one read. Default: it is read
   * @param signal gives up an append whose outcome is unknown
   * @throws PosthornError what is refused; `PSH_REPLAY_CONTENDED`; `PSH_REPLAY_OUTCOME_UNKNOWN` once `signal` aborts
   */
  async record(
    replayId: string,
    command: ReplayCommand,
    { from, signal }: { readonly from?: LoadedReplay; readonly signal?: AbortSignal } = {},
  ): Promise<RecordedReplay> {
    let current = from ?? (await this.load(replayId));
    for (let decisions = 0; decisions < MOST_DECISIONS; decisions++) {
      const events = replayDecider.decide(command, current.replay);
      if (events.length === 0) return unchanged(current);
      const recorded = await this.#append(replayId, events, current, signal);
      if (recorded) return recorded;
      current = await this.load(replayId, current);
    }
    throw new PosthornError('PSH_REPLAY_CONTENDED', `replay ${replayId} is contended`);
  }

  async #append(
    replayId: string,
    events: readonly ReplayLifeEvent[],
    current: LoadedReplay,
    signal: AbortSignal | undefined,
  ): Promise<RecordedReplay | undefined> {
    const { client, clock, names, publish } = this.#dependencies;
    const outcome = await appendCertainly(names.replay(replayId), newEvents(events), {
      client,
      clock,
      expectedRevision: current.revision,
      ...(signal && { signal }),
    }).catch((error: unknown) => {
      if (!signal?.aborted || !isOutcomeUnknown(error)) throw error;
      throw new PosthornError('PSH_REPLAY_OUTCOME_UNKNOWN', undefined, { cause: error });
    });
    if (outcome.kind === 'conflict') return undefined;
    if (outcome.kind === 'purged') throw new PosthornError('PSH_REPLAY_NOT_FOUND');
    const { position } = outcome;
    for (const event of events) publish(new ReplayRecorded(replayId, event, position));
    let { replay } = current;
    for (const event of events) replay = replayDecider.evolve(replay, event);
    // Counted, not taken from the answer: the official client answers 0 for a retried first append.
    const revision =
      (current.revision === 'no_stream' ? -1n : current.revision) + BigInt(events.length);
    return { ...unchanged({ replay, revision }), events, position };
  }
}

function unchanged({ replay, revision }: LoadedReplay): RecordedReplay {
  if (!replay) throw new PosthornError('PSH_REPLAY_NOT_FOUND');
  return { events: [], after: { replay, revision }, position: null };
}
