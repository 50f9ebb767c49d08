import { type Clock, isPosthornError } from '../kernel/index.js';
import {
  signingOf,
  type Webhook,
  type WebhookCredentials,
  type WebhookDirectory,
} from '../registry/index.js';
import type { AttemptResult, OutgoingRequest, Sender } from '../sending/index.js';
import type { AttemptOutcome } from './delivery.aggregate.js';
import type { AttemptRecord } from './delivery.events.js';
import type { DeliveryJournal } from './delivery-journal.js';
import { type LaneReport, laneReport } from './pace/lane-signal.js';
import { RequestAuths } from './request-auths.js';
import { carryOf } from './sender-hook.js';
import { isWanted, mergedHeaders, toldEvent, type ToldSubject } from './told-event.js';
import { unsentResult } from './unsent-result.js';

/** What one request is made of. */
export interface AttemptSubject extends ToldSubject {
  readonly deliveryId: string;
}

/**
 * What an attempt led to; `null` when it was aborted by the shutdown, so that nobody knows.
 */
export type MadeAttempt = {
  readonly record: AttemptRecord;
  readonly outcome: AttemptOutcome;
  /** Why the endpoint wants nothing more: its webhook is to be disabled. `null`: it goes on. */
  readonly disables: EndpointWish | null;
} | null;

/** An attempt that cannot be made: nothing was sent, and what is to be recorded is that it is put off. */
export type UnsentAttempt = NonNullable<MadeAttempt>;

/** 410 Gone, or `webhook-delivery: disable`. */
export type EndpointWish = 'endpoint_gone' | 'endpoint_asked';

/** What everything works with that makes attempts; the same for all of an instance. */
export interface AttemptTools {
  readonly journal: DeliveryJournal;
  readonly attempts: AttemptMaker;
  readonly clock: Clock;
  readonly instanceId: string;
  /** Called once the outcome of an attempt is recorded. */
  readonly onEnded: (webhook: Webhook, made: MadeAttempt) => void;
}

export interface AttemptMakerDependencies {
  readonly sender: Sender;
  readonly directory: WebhookDirectory;
  readonly clock: Clock;
  /** In [0, 1): jitter of retries. */
  readonly random: () => number;
  /** How long an attempt that cannot be made is put off before it counts as a failed one, in milliseconds. */
  readonly postponeLimitMs: number;
  /**
   * Called as soon as a request has ended, whatever it was made for, before anything is recorded.
   *
   * @param startedAt when it started, on the monotonic clock
   */
  readonly onMet: (webhook: Webhook, report: LaneReport, startedAt: number) => void;
}

/**
 * Makes requests: the one path for first attempt, retry, replay and test call.
 */
export class AttemptMaker {
  readonly #dependencies: AttemptMakerDependencies;
  readonly #abort = new AbortController();
  readonly #auths: RequestAuths;

  constructor(dependencies: AttemptMakerDependencies) {
    this.#dependencies = dependencies;
    this.#auths = new RequestAuths(dependencies.directory);
  }

  /**
   * Whether the filter of the webhook wants the event: for what was left undecided when the event was matched.
   *
   * @throws PosthornError `PSH_SENDING_POISON_EVENT` when the filter fails on it
   */
  isWanted(subject: Omit<ToldSubject, 'isReplay'>): boolean {
    return isWanted(subject, this.#dependencies.directory);
  }

  /**
   * Looks up the secrets that the webhook refers to: to be waited for before `prepare`, which throws without them.
   *
   * @returns `undefined` when there is nothing to wait for; else what resolves to `undefined` when they are there, and to
   * the attempt that cannot be made when they are not
   */
  resolveSecrets(webhook: Webhook): Promise<UnsentAttempt | undefined> | undefined {
    const resolving = this.#dependencies.directory.resolveSecrets(webhook);
    return resolving && this.#resolved(resolving, webhook);
  }

  /**
   * The request for a delivery.
   *
   * @throws PosthornError `PSH_SENDING_POISON_EVENT`, `PSH_SENDING_BODY_TOO_LARGE` when the event cannot be turned into
   * one; a registry error when the webhook's secrets cannot be read
   */
  prepare(subject: AttemptSubject): OutgoingRequest {
    const { event, webhook } = subject;
    const { definition } = webhook;
    const { directory } = this.#dependencies;
    const { headers, ...told } = toldEvent(subject, directory);
    const credentials = directory.credentials(webhook);
    return {
      webhookId: subject.deliveryId,
      url: definition.url,
      ...told,
      headers: mergedHeaders(credentials.headers, headers),
      secrets: secretHeaders(definition, credentials),
      signingSecrets: credentials.signingSecrets,
      signingProfiles: signingOf(definition).profiles,
      eventType: event.type,
      auth: this.#auths.of(credentials, subject),
      tls: credentials.tls,
      timeoutMs: definition.timeoutMs,
      isReplay: subject.isReplay,
      carry: carryOf(subject, directory),
    };
  }

  /** Sends a prepared request and says what its result means for a delivery of `webhook`. */
  async send(request: OutgoingRequest, webhook: Webhook): Promise<MadeAttempt> {
    const { clock, sender } = this.#dependencies;
    const startedAt = clock.monotonic();
    const result = await sender.send(request, this.#abort.signal);
    this.#tellLane(webhook, result, startedAt);
    return result.errorClass === 'aborted' ? null : this.#madeOf(result, webhook);
  }

  /** Aborts what is under way: its outcome is unknown, and it is not recorded. */
  abort(): void {
    this.#abort.abort();
  }

  async #resolved(resolving: Promise<void>, webhook: Webhook): Promise<UnsentAttempt | undefined> {
    const { clock } = this.#dependencies;
    const startedAt = clock.monotonic();
    try {
      await resolving;
      return undefined;
    } catch (error) {
      if (!isPosthornError(error, 'PSH_REGISTRY_SECRET_UNAVAILABLE')) throw error;
      const result = unsentResult({
        url: webhook.definition.url,
        endedAt: clock.now(),
        totalMs: clock.monotonic() - startedAt,
        errorClass: 'secret_unavailable',
        errorMessage: error.message,
      });
      this.#tellLane(webhook, result, startedAt);
      return this.#madeOf(result, webhook);
    }
  }

  #tellLane(webhook: Webhook, result: AttemptResult, startedAt: number): void {
    const report = laneReport(result);
    if (report) this.#dependencies.onMet(webhook, report, startedAt);
  }

  #madeOf(result: AttemptResult, webhook: Webhook): UnsentAttempt {
    const outcome = this.#outcomeOf(result, webhook);
    return { record: recordOf(result), outcome, disables: wishOf(result) };
  }

  #outcomeOf(result: AttemptResult, webhook: Webhook): AttemptOutcome {
    const { deliveryControl, verdict } = result;
    if (verdict === 'retry' && deliveryControl === 'abort-message') {
      return { kind: 'refusal', reason: 'aborted_by_endpoint' };
    }
    if (verdict === 'retry' && deliveryControl === 'disable') {
      return { kind: 'refusal', reason: 'endpoint_asked' };
    }
    switch (verdict) {
      case 'success':
        return { kind: 'success' };
      case 'reject':
        return this.#isWorthRenewing(result, webhook)
          ? this.#failure(result, webhook)
          : { kind: 'refusal', reason: 'rejected' };
      case 'gone':
        return { kind: 'refusal', reason: 'endpoint_gone' };
      case 'postpone':
        return {
          kind: 'postponed',
          policy: webhook.definition.retry,
          random: this.#dependencies.random(),
          limitMs: this.#dependencies.postponeLimitMs,
        };
      case 'retry':
        return this.#failure(result, webhook);
    }
  }

  #failure({ retryAfterMs }: AttemptResult, webhook: Webhook): AttemptOutcome {
    const random = this.#dependencies.random();
    return { kind: 'failure', policy: webhook.definition.retry, random, retryAfterMs };
  }

  /** Secrets that are kept elsewhere may have been replaced there since they were looked up. */
  #isWorthRenewing({ statusCode }: AttemptResult, { id }: Webhook): boolean {
    return statusCode === 401 && this.#dependencies.directory.renewSecrets(id);
  }
}

/** The values of the static headers that were not given as plain ones. */
function secretHeaders(
  definition: Webhook['definition'],
  { headers }: WebhookCredentials,
): readonly string[] {
  return Object.entries(headers).flatMap(([name, value]) =>
    typeof definition.headers[name] === 'string' ? [] : [value],
  );
}

function wishOf({ deliveryControl, verdict }: AttemptResult): EndpointWish | null {
  if (verdict === 'gone') return 'endpoint_gone';
  return deliveryControl === 'disable' ? 'endpoint_asked' : null;
}

function recordOf(result: AttemptResult): AttemptRecord {
  return {
    url: result.url,
    startedAt: new Date(result.startedAt).toISOString(),
    timings: result.timings,
    statusCode: result.statusCode,
    errorClass: result.errorClass,
    errorMessage: result.errorMessage,
    remoteAddress: result.remoteAddress,
    responseHeaders: result.responseHeaders,
    responseBody: result.responseBody,
    isResponseTruncated: result.isResponseTruncated,
  };
}
