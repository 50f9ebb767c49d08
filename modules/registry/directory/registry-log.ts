import {
  type AppendExpectedRevision,
  BACKWARDS,
  END,
  ErrorType,
  NO_STREAM,
  type RecordedEvent,
} from '@eventstore/db-client';
import {
  appendCertainly,
  type EventStoreClient,
  isOutcomeUnknown,
  newEvents,
  type StreamNames,
  isClientError,
} from '../../event-store/index.js';
import { type Clock, PosthornError } from '../../kernel/index.js';
import type {
  RegistryKeyChecked,
  RegistryPointer,
  SealedText,
  WebhookEvent,
} from '../webhook.events.js';
import { asKeyProof, asPointer, asWebhookEvent, type PlacedPointer } from './recorded-events.js';

export interface PointerPage {
  readonly pointers: readonly PlacedPointer[];
  /** Revision of the registry stream to go on from. */
  readonly next: bigint;
  readonly isEnd: boolean;
}

/** An event of a webhook's stream; `event` is absent where it is none that this version knows. */
export interface PlacedWebhookEvent {
  readonly revision: bigint;
  readonly event: WebhookEvent | undefined;
}

/** @returns the revision, or `'conflict'` when the stream has moved on */
export type AppendedRevision = bigint | 'conflict';

const PAGE = 500;

/** The streams of the registry: every read and append that the registry makes. Reads ask the leader. */
export class RegistryLog {
  readonly #client: EventStoreClient;
  readonly #names: StreamNames;
  readonly #clock: Clock;

  constructor(client: EventStoreClient, names: StreamNames, clock: Clock) {
    this.#client = client;
    this.#names = names;
    this.#clock = clock;
  }

  /** The pointers from revision `from` of the registry stream on, at most a page. */
  async pointers(from: bigint): Promise<PointerPage> {
    const events = await this.#read(this.#names.registry, { fromRevision: from, maxCount: PAGE });
    return {
      pointers: events.flatMap((event) => asPointer(event) ?? []),
      next: (events.at(-1)?.revision ?? from - 1n) + 1n,
      isEnd: events.length < PAGE,
    };
  }

  /** The events of a webhook's stream from revision `from` on: all, or those up to revision `upTo`. */
  async webhookEvents(
    webhookId: string,
    from: bigint,
    upTo?: bigint,
  ): Promise<readonly PlacedWebhookEvent[]> {
    const events = await this.#read(this.#names.webhook(webhookId), {
      fromRevision: from,
      ...(upTo !== undefined && { maxCount: upTo - from + 1n }),
    });
    return events.map((event) => ({ revision: event.revision, event: asWebhookEvent(event) }));
  }

  /** Revision of the last event of a webhook's stream; -1 when there is none. */
  async lastRevision(webhookId: string): Promise<bigint> {
    const last = await this.#readLast(this.#names.webhook(webhookId));
    return last?.revision ?? -1n;
  }

  /**
   * Appends what was decided at `revision` (-1: the stream did not exist).
   *
   * @throws PosthornError `PSH_REGISTRY_OUTCOME_UNKNOWN` once `signal` aborts, `PSH_REGISTRY_UNAVAILABLE`
   */
  appendDecided(
    webhookId: string,
    events: readonly WebhookEvent[],
    revision: bigint,
    signal: AbortSignal,
  ): Promise<AppendedRevision> {
    return this.#append(this.#names.webhook(webhookId), events, expectedAfter(revision), signal);
  }

  /** Lets the webhook's stream take effect up to `revision`. A pointer that stands there twice changes nothing. */
  async appendPointer(webhookId: string, revision: bigint, signal: AbortSignal): Promise<void> {
    const pointer: RegistryPointer = {
      type: 'WebhookRegistryAdvanced',
      data: { v: 1, webhookId, revision: revision.toString() },
    };
    await this.#append(this.#names.registry, [pointer], 'any', signal);
  }

  /** The newest proof of the registry's key. */
  async keyProof(): Promise<
    { readonly sealed: SealedText; readonly revision: bigint } | undefined
  > {
    const last = await this.#readLast(this.#keyStream);
    const sealed = last && asKeyProof(last);
    return sealed && { sealed, revision: last.revision };
  }

  appendKeyProof(
    proof: RegistryKeyChecked,
    revision: bigint,
    signal: AbortSignal,
  ): Promise<AppendedRevision> {
    return this.#append(this.#keyStream, [proof], expectedAfter(revision), signal);
  }

  /** A subscription to the registry stream from behind revision `after` on; -1 for all of it. */
  subscribe(after: bigint) {
    return this.#client.subscribeToStream(
      this.#names.registry,
      after < 0n ? {} : { fromRevision: after },
    );
  }

  get #keyStream(): string {
    return `${this.#names.registry}-key`;
  }

  async #append(
    stream: string,
    events: readonly { readonly type: string; readonly data: object }[],
    expectedRevision: AppendExpectedRevision,
    signal: AbortSignal,
  ): Promise<AppendedRevision> {
    try {
      const outcome = await appendCertainly(stream, newEvents(events), {
        client: this.#client,
        clock: this.#clock,
        expectedRevision,
        signal,
      });
      if (outcome.kind === 'appended') return outcome.revision;
      if (outcome.kind === 'conflict') return outcome.kind;
    } catch (error) {
      if (isOutcomeUnknown(error)) {
        throw new PosthornError('PSH_REGISTRY_OUTCOME_UNKNOWN', undefined, { cause: error });
      }
      throw unavailable(stream, error);
    }
    throw unavailable(stream, new Error('the stream was deleted for good'));
  }

  async #readLast(stream: string): Promise<RecordedEvent | undefined> {
    const [last] = await this.#read(stream, {
      direction: BACKWARDS,
      fromRevision: END,
      maxCount: 1,
    });
    return last;
  }

  async #read(
    stream: string,
    options: Parameters<EventStoreClient['readStream']>[1],
  ): Promise<readonly RecordedEvent[]> {
    const events: RecordedEvent[] = [];
    try {
      for await (const { event } of this.#client.readStream(stream, {
        ...options,
        requiresLeader: true,
      })) {
        if (event) events.push(event);
      }
    } catch (error) {
      if (isAbsent(error)) return [];
      throw unavailable(stream, error);
    }
    return events;
  }
}

function expectedAfter(revision: bigint): AppendExpectedRevision {
  return revision < 0n ? NO_STREAM : revision;
}

function isAbsent(error: unknown): boolean {
  return isClientError(error, ErrorType.STREAM_NOT_FOUND, ErrorType.STREAM_DELETED);
}

function unavailable(stream: string, cause: unknown): PosthornError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new PosthornError('PSH_REGISTRY_UNAVAILABLE', `${stream}: ${why}`, { cause });
}
