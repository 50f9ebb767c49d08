import { randomUUID } from 'node:crypto';
import type { EventStoreClient, StreamNames } from '../event-store/index.js';
import { type Clock, PosthornError } from '../kernel/index.js';
import type { RegistryDirectory, Webhook } from '../registry/index.js';
import type { DeadLetterFilter, DeadLetters } from './dead-letters.port.js';
import type { ReplayScope } from './replay.events.js';
import type { ReplayCommand } from './replay.aggregate.js';
import type { GetReplaysOptions, ReplayIndex } from './replay-index.port.js';
import { type ReplayItem, toReplayItem } from './replay-item.js';
import type { RecordedReplay, ReplayJournal } from './replay-journal.js';
import { isSameRequest, scopeOf, type StartReplayRequest } from './replay-request.js';
import { checkCommon, checkRate, type CommonRequest, ReplayProblems } from './replay-rules.js';

/** A replay of the dead letters that match a filter. */
export interface ReplayDeadLettersRequest extends CommonRequest {
  readonly filter: DeadLetterFilter;
  readonly requestedBy?: string | undefined;
}

/** Who decides something about a replay, and why. */
export interface ReplayCommandOptions {
  /** What the history shows. Default `application`. */
  readonly by?: string | undefined;
  /** At most 500 characters. */
  readonly reason?: string | null | undefined;
}

/** What a command came to. */
export interface ReplayCommandResult {
  readonly replay: ReplayItem;
  /** Commit position that a query can wait for; `null` when there was nothing to record. */
  readonly position: bigint | null;
}

/** A page of replays, newest first. */
export interface ReplaysPage {
  readonly items: readonly ReplayItem[];
  /** Gives the next page; `null` when there is none. */
  readonly nextCursor: string | null;
}

export interface ReplaysServiceDependencies {
  readonly client: Pick<EventStoreClient, 'readAll' | 'readStream'>;
  readonly names: StreamNames;
  readonly clock: Clock;
  readonly directory: Pick<RegistryDirectory, 'barrier' | 'find' | 'missingCode'>;
  readonly index: Pick<ReplayIndex, 'list'>;
  readonly deadLetters: Pick<DeadLetters, 'count'>;
  readonly journal: ReplayJournal;
  /** Lets this instance look at a replay without waiting for its read model. */
  readonly onRecorded: (replayId: string) => void;
}

const APPLICATION = 'application';
/** How long a command waits for the event store. */
const COMMAND_TIMEOUT_MS = 10_000;

/**
 * Replays: events of the log that are taken to a webhook (again), and dead letters that are tried again. Each is a durable
 * process: it is recorded before it begins, goes on after restarts and on other instances, shows how far it is, and can
 * be paused, resumed, slowed down and cancelled.
 *
 * Every command may be repeated: one that changes nothing records nothing. Each may throw `PSH_REPLAY_OUTCOME_UNKNOWN` or
 * `PSH_REPLAY_CONTENDED`.
 */
export class ReplaysService {
  readonly #dependencies: ReplaysServiceDependencies;

  constructor(dependencies: ReplaysServiceDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * Starts a replay of history; resolves when it is recorded.
   *
   * @throws PosthornError `PSH_REPLAY_INVALID` with every mistake, `PSH_REPLAY_NOT_REPLAYABLE`, `PSH_REPLAY_ID_TAKEN`,
   *   `PSH_REGISTRY_NOT_FOUND`
   */
  async start(request: StartReplayRequest): Promise<ReplayCommandResult> {
    const { client, clock, names } = this.#dependencies;
    const webhook = await this.#webhook(request.webhookId);
    if (!webhook.definition.isReplayable) throw new PosthornError('PSH_REPLAY_NOT_REPLAYABLE');
    const scope = await scopeOf(request, webhook, { client, names, now: clock.now() });
    return this.#start(scope, request);
  }

  /**
   * Starts a replay of every dead letter that matches.
   *
   * @throws PosthornError `PSH_REPLAY_INVALID`, `PSH_REPLAY_ID_TAKEN`
   */
  async startDeadLetters(
    request: ReplayDeadLettersRequest,
  ): Promise<ReplayCommandResult & { readonly accepted: number }> {
    const problems = new ReplayProblems();
    checkCommon(request, problems);
    problems.refuse();
    const { filter } = request;
    const accepted = await this.#dependencies.deadLetters.count(filter);
    const scope = { kind: 'dead-letters', filter, accepted } as const;
    return { ...(await this.#start(scope, request)), accepted };
  }

  /** The replay as it is recorded. @throws PosthornError `PSH_REPLAY_NOT_FOUND` */
  async get(replayId: string): Promise<ReplayItem> {
    const { directory, journal } = this.#dependencies;
    const { replay } = await journal.load(replayId);
    if (!replay) throw notFound(replayId);
    return toReplayItem(replay, directory);
  }

  /**
   * Lists replays, newest first, those of registrations with `startFrom` among them.
   *
   * @throws PosthornError `PSH_PROJECTION_QUERY_INVALID`, `PSH_PROJECTION_CURSOR_INVALID`, `PSH_PROJECTION_LAGGING`
   */
  async list(options: GetReplaysOptions = {}): Promise<ReplaysPage> {
    const { directory, index } = this.#dependencies;
    const { items, nextCursor } = await index.list(options);
    return { items: items.map((replay) => toReplayItem(replay, directory)), nextCursor };
  }

  /** Holds a replay where it is. @throws PosthornError `PSH_REPLAY_NOT_FOUND`, `PSH_REPLAY_ENDED` */
  pause(replayId: string, options: ReplayCommandOptions = {}): Promise<ReplayCommandResult> {
    return this.#decide(replayId, { kind: 'pause', ...this.#decision(options) });
  }

  /**
   * Lets a replay go on that was paused, or that failed.
   *
   * @throws PosthornError `PSH_REPLAY_NOT_FOUND`, `PSH_REPLAY_ENDED`
   */
  resume(replayId: string, options: ReplayCommandOptions = {}): Promise<ReplayCommandResult> {
    return this.#decide(replayId, { kind: 'resume', ...this.#decision(options) });
  }

  /**
   * Ends a replay for good. Deliveries that it recorded are delivered all the same.
   *
   * @throws PosthornError `PSH_REPLAY_NOT_FOUND`, `PSH_REPLAY_ENDED` when it was completed
   */
  cancel(replayId: string, options: ReplayCommandOptions = {}): Promise<ReplayCommandResult> {
    return this.#decide(replayId, { kind: 'cancel', ...this.#decision(options) });
  }

  /**
   * Changes how fast a replay may go.
   *
   * @param perSecond most deliveries per second, 1 to 10,000; `null`: as fast as the webhook takes them
   * @throws PosthornError `PSH_REPLAY_INVALID`, `PSH_REPLAY_NOT_FOUND`, `PSH_REPLAY_ENDED`
   */
  async setRate(
    replayId: string,
    perSecond: number | null,
    options: ReplayCommandOptions = {},
  ): Promise<ReplayCommandResult> {
    const problems = new ReplayProblems();
    checkRate(perSecond, problems);
    problems.refuse();
    return this.#decide(replayId, { kind: 'set-rate', perSecond, ...this.#decision(options) });
  }

  async #webhook(webhookId: string): Promise<Webhook> {
    const { directory } = this.#dependencies;
    await directory.barrier();
    const webhook = directory.find(webhookId);
    if (webhook && webhook.status !== 'removed') return webhook;
    throw new PosthornError('PSH_REGISTRY_NOT_FOUND', `there is no webhook "${webhookId}"`);
  }

  async #start(
    scope: ReplayScope,
    request: CommonRequest & { readonly requestedBy?: string | undefined },
  ): Promise<ReplayCommandResult> {
    const { perSecond = null, reason, requestedBy } = request;
    const replayId = request.replayId ?? `rpl_${randomUUID().replaceAll('-', '')}`;
    const decision = this.#decision({ by: requestedBy, reason });
    const result = await this.#record(replayId, {
      kind: 'start',
      replayId,
      scope,
      perSecond,
      ...decision,
    });
    if (isAskedFor(result.after.replay.scope, scope)) return this.#resultOf(result);
    throw new PosthornError('PSH_REPLAY_ID_TAKEN', `there is another replay "${replayId}"`);
  }

  #decision({ by, reason }: ReplayCommandOptions) {
    return { by: by ?? APPLICATION, reason: reason ?? null, now: this.#dependencies.clock.now() };
  }

  async #decide(replayId: string, command: ReplayCommand): Promise<ReplayCommandResult> {
    return this.#resultOf(await this.#record(replayId, command));
  }

  async #record(replayId: string, command: ReplayCommand): Promise<RecordedReplay> {
    const { clock, journal, onRecorded } = this.#dependencies;
    const patience = new AbortController();
    const cancel = clock.setTimer(() => {
      patience.abort();
    }, COMMAND_TIMEOUT_MS);
    try {
      const recorded = await journal.record(replayId, command, { signal: patience.signal });
      onRecorded(replayId);
      return recorded;
    } finally {
      cancel();
    }
  }

  #resultOf({ after, position }: RecordedReplay): ReplayCommandResult {
    return { replay: toReplayItem(after.replay, this.#dependencies.directory), position };
  }
}

function notFound(replayId: string): PosthornError {
  return new PosthornError('PSH_REPLAY_NOT_FOUND', `there is no replay "${replayId}"`);
}

function isAskedFor(recorded: ReplayScope, asked: ReplayScope): boolean {
  if (recorded.kind === 'history' && asked.kind === 'history') {
    return isSameRequest(recorded, asked);
  }
  return (
    recorded.kind === 'dead-letters' &&
    asked.kind === 'dead-letters' &&
    isSameFilter(recorded.filter, asked.filter)
  );
}

function isSameFilter(one: DeadLetterFilter, other: DeadLetterFilter): boolean {
  const parts = ({ webhookId, tenantId, eventType, from, to }: DeadLetterFilter): string =>
    JSON.stringify([webhookId, tenantId, eventType, from, to]);
  return parts(one) === parts(other);
}
