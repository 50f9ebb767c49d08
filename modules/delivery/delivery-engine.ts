import { Inject, Injectable, Logger } from '@nestjs/common';
import { EventBus } from '@nestjs/cqrs';
import { EVENT_STORE, type EventStore, STREAM_NAMES, StreamNames } from '../event-store/index.js';
import { CLOCK, type Clock } from '../kernel/index.js';
import {
  type Webhook,
  WEBHOOK_DIRECTORY,
  type WebhookDirectory,
  WebhooksService,
} from '../registry/index.js';
import { SENDER, type Sender } from '../sending/index.js';
import { AttemptMaker, type MadeAttempt } from './attempt-maker.js';
import { DeliveryJournal } from './delivery-journal.js';
import { notificationOf } from './delivery.notifications.js';
import { DELIVERY_OPTIONS, type DeliveryOptions } from './delivery.options.js';
import { DeliveryService } from './delivery.service.js';
import { type Dispatch, Dispatcher, type PastEvent } from './dispatcher.js';
import { DUE_DELIVERIES, type DueDeliveries } from './due-deliveries.port.js';
import { endpointNotificationOf } from './endpoint-watch/endpoint.notifications.js';
import { EndpointJournal } from './endpoint-watch/endpoint-journal.js';
import { ENDPOINT_STANDINGS, type EndpointStandings } from './endpoint-standing.port.js';
import { EndpointWatch } from './endpoint-watch/endpoint-watch.js';
import { laneKeyOf } from './lane-key.js';
import { Lanes, type LaneState } from './lanes.js';
import { EARLIER_EVENTS, type EarlierEvents } from './earlier-events.port.js';
import { type HistoryReplay, type HistoryReplayAnswer, PastEvents } from './past-events.js';
import { Scheduler } from './scheduler.js';
import { StreamOrder } from './stream-order.js';

/** What an instance has to do. */
export interface DeliveryLoad {
  /** Requests under way. */
  readonly active: number;
  /** Deliveries that wait for a place. */
  readonly waiting: number;
  /** Ids of webhooks whose deliveries wait for code that neither this instance nor, it seems, any other holds. */
  readonly waitingForCode: readonly string[];
}

/**
 * The delivery engine of an instance: composes journal, lanes, dispatcher and scheduler, and owns their start and
 * end.
 */
@Injectable()
export class DeliveryEngine {
  readonly service: DeliveryService;
  readonly #logger = new Logger('DeliveryEngine');
  readonly #journal: DeliveryJournal;
  readonly #attempts: AttemptMaker;
  readonly #lanes: Lanes;
  readonly #dispatcher: Dispatcher;
  readonly #scheduler: Scheduler;
  readonly #clock: Clock;
  readonly #drainTimeoutMs: number;
  readonly #pastEvents: PastEvents;
  readonly #directory: WebhookDirectory;
  readonly #endpointJournal: EndpointJournal;
  readonly #endpointWatch: EndpointWatch;
  #stopListening: (() => void) | undefined;

  constructor(
    @Inject(EVENT_STORE) store: EventStore,
    @Inject(STREAM_NAMES) names: StreamNames,
    @Inject(CLOCK) clock: Clock,
    @Inject(WEBHOOK_DIRECTORY) directory: WebhookDirectory,
    @Inject(SENDER) sender: Sender,
    @Inject(DUE_DELIVERIES) due: DueDeliveries,
    @Inject(DELIVERY_OPTIONS) options: DeliveryOptions,
    @Inject(EARLIER_EVENTS) earlier: EarlierEvents,
    @Inject(ENDPOINT_STANDINGS) standings: EndpointStandings,
    private readonly webhooks: WebhooksService,
    eventBus: EventBus,
  ) {
    const { client } = store;
    const { instanceId } = options;
    this.#clock = clock;
    this.#directory = directory;
    this.#drainTimeoutMs = options.drainTimeoutMs;
    this.#journal = new DeliveryJournal({
      client,
      names,
      clock,
      onRecorded: (deliveryId, events, position) => {
        for (const event of events) eventBus.publish(notificationOf(deliveryId, event, position));
      },
    });
    this.#pastEvents = new PastEvents({
      journal: this.#journal,
      clock,
      instanceId,
      directory,
    });
    this.#attempts = new AttemptMaker({
      sender,
      directory,
      clock,
      random: Math.random,
      postponeLimitMs: options.postponeLimitMs,
      onMet: (webhook, report, startedAt) => {
        this.#lanes.met(laneKeyOf(webhook.id, webhook), report, startedAt);
      },
    });
    this.#lanes = new Lanes({
      clock,
      maxConcurrentAttempts: options.maxConcurrentAttempts,
      maxWaitingPerLane: options.maxWaitingPerLane,
      patienceMs: options.inlineWindowMs / 2,
      maxConcurrentPerOrigin: options.maxConcurrentPerOrigin,
      longestRetryAfterMs: options.retryAfterLimitMs,
    });
    const underWay = new Set<string>();
    const order = new StreamOrder({ client, journal: this.#journal, earlier });
    const tools = {
      client,
      journal: this.#journal,
      attempts: this.#attempts,
      clock,
      instanceId,
      onEnded: (webhook: Webhook, made: MadeAttempt) => {
        this.#ended(webhook, made);
      },
    };
    this.#scheduler = new Scheduler({
      tools: { ...tools, directory, order },
      due,
      directory,
      lanes: this.#lanes,
      clock,
      random: Math.random,
      isExclusive: store.capabilities.isExclusive,
      underWay,
    });
    this.#dispatcher = new Dispatcher({
      tools: {
        ...tools,
        currentWebhook: (webhook) => currentOf(directory, webhook),
        missingCode: (webhook) => directory.missingCode(webhook),
        onAbandoned: (claim) => {
          this.#scheduler.abandon(claim);
        },
      },
      lanes: this.#lanes,
      clock,
      order,
      inlineWindowMs: options.inlineWindowMs,
      underWay,
    });
    this.#endpointJournal = new EndpointJournal({
      client,
      names,
      clock,
      onRecorded: (event, position) => {
        eventBus.publish(endpointNotificationOf(event, position));
      },
    });
    this.#endpointWatch = new EndpointWatch({
      standings,
      journal: this.#endpointJournal,
      directory,
      disable: (webhookId) => this.webhooks.disable(webhookId, 'failing', { by: 'posthorn' }),
      clock,
      disableAfterMs: options.disableAfterMs,
    });
    this.service = new DeliveryService({
      journal: this.#journal,
      attempts: this.#attempts,
      directory,
      clock,
      instanceId,
    });
  }

  /** Begins with what is due. The due index has to follow the log by then. */
  async start(): Promise<void> {
    this.#stopListening = this.#directory.onChange(({ id }) => {
      this.#lanes.webhookChanged(id);
    });
    await this.#scheduler.start();
    await this.#endpointWatch.start();
  }

  /** Takes an observed event to its deliveries; see `Dispatcher.dispatch`. */
  dispatch(dispatch: Dispatch): Promise<void> {
    return this.#dispatcher.dispatch(dispatch);
  }

  /** Records a delivery of an event of the past; see `PastEvents.schedule`. */
  scheduleHistory(past: PastEvent & { readonly replayId?: string }): Promise<void> {
    return this.#pastEvents.schedule(past);
  }

  /** Records a delivery that is missing; see `PastEvents.reconcile`. */
  reconcile(past: PastEvent): Promise<bigint | null> {
    return this.#pastEvents.reconcile(past);
  }

  /** Sends an event of the past again, or for the first time; see `PastEvents.replay`. */
  replayHistory(request: HistoryReplay): Promise<HistoryReplayAnswer> {
    return this.#pastEvents.replay(request);
  }

  /** What this instance has to do. */
  get load(): DeliveryLoad {
    const { active, waiting } = this.#lanes;
    return { active, waiting, waitingForCode: this.#scheduler.waitingForCode };
  }

  /** How the lane of a webhook goes on this instance. */
  laneOf(webhook: Webhook): LaneState {
    return this.#lanes.stateOf(laneKeyOf(webhook.id, webhook));
  }

  /**
   * Ends the work of this instance: starts nothing more, records for later what has not started, and waits for the
   * requests under way, at most the drain timeout. What is then still under way is aborted; it is recorded as claimed, and
   * attempted again once its lease has run out.
   */
  async drain(): Promise<void> {
    this.#scheduler.stop();
    this.#endpointWatch.stop();
    this.#endpointJournal.close();
    this.#stopListening?.();
    const ended = this.#lanes.close();
    this.#dispatcher.closeWindows();
    const cancel = this.#clock.setTimer(() => {
      this.#logger.warn(`${this.#lanes.active} requests outlast the drain timeout and are aborted`);
      this.#attempts.abort();
    }, this.#drainTimeoutMs);
    await ended;
    cancel();
    this.#journal.close();
  }

  #ended(webhook: Webhook, made: MadeAttempt): void {
    const wish = made?.disables ?? null;
    if (wish === null) return;
    const answer = wish === 'endpoint_gone' ? '410 Gone' : '`webhook-delivery: disable`';
    this.#logger.warn(
      `the endpoint of webhook ${webhook.id} answered ${answer}: the webhook is disabled`,
    );
    this.webhooks.disable(webhook.id, wish, { by: 'posthorn' }).catch((error: unknown) => {
      // The next delivery is answered so again, and disables it then.
      this.#logger.error(`webhook ${webhook.id} could not be disabled: ${String(error)}`);
    });
  }
}

/** The webhook as it is now, unless this registration of it is gone. */
function currentOf(directory: WebhookDirectory, webhook: Webhook): Webhook | undefined {
  const current = directory.find(webhook.id);
  return current?.registration === webhook.registration ? current : undefined;
}
