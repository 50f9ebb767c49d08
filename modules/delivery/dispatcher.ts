import type { RecordedEvent } from '@eventstore/db-client';
import { type Clock, isPosthornError } from '../kernel/index.js';
import type { Webhook } from '../registry/index.js';
import { deliveryIdOf } from './delivery-id.js';
import type { DeliveryOrder, DeliveryOrigin } from './delivery.events.js';
import { LATEST_START_MS } from './delivery.options.js';
import { FirstDelivery, type FirstDeliveryTools } from './first-delivery.js';
import { InlineWindow, type WindowOccupant } from './inline-window.js';
import { laneKeyOf } from './lane-key.js';
import type { Lanes } from './lanes.js';
import { stopwatch } from './stopwatch.js';
import { type StreamOrder, UNKNOWN_PLACE } from './stream-order.js';

/** An observed event and the webhooks that it is a member of. */
export interface Dispatch {
  readonly event: RecordedEvent;
  readonly tenantId: string | null;
  readonly webhooks: readonly Webhook[];
  /** Whether the event may have been handed out before: then each delivery's stream is read before it is attempted. */
  readonly mayBeRedelivered: boolean;
  /** When it was received, on the monotonic clock. */
  readonly receivedAt: number;
}

/** An event of the past, and a webhook that asked for it. */
export interface PastEvent extends Pick<Dispatch, 'event' | 'tenantId'> {
  readonly webhook: Pick<Webhook, 'id' | 'registration'>;
}

/** What of a webhook makes a delivery of an event the delivery that it is. */
export interface DeliveredTo extends Pick<Webhook, 'id' | 'registration'> {
  readonly order?: DeliveryOrder;
}

export interface DispatcherDependencies {
  readonly tools: FirstDeliveryTools;
  readonly lanes: Lanes;
  readonly clock: Clock;
  readonly order: Pick<StreamOrder, 'glance'>;
  readonly inlineWindowMs: number;
  /** Deliveries whose attempt is under way in this process. */
  readonly underWay: Set<string>;
}

/**
 * Takes observed events to their deliveries.
 *
 * Guarantees: `dispatch` resolves when each delivery of the event is in the log, ended or recorded for later, at most
 * about the inline window after the event was received, whatever the endpoints do; a delivery that failed to be recorded
 * stops no other, and makes `dispatch` reject at the end so that the event comes again; the same event dispatched twice
 * at once is sent once.
 */
export class Dispatcher {
  readonly #dependencies: DispatcherDependencies;
  readonly #window: InlineWindow;
  readonly #inFlight = new Map<string, FirstDelivery>();

  constructor(dependencies: DispatcherDependencies) {
    this.#dependencies = dependencies;
    this.#window = new InlineWindow(dependencies.clock, dependencies.inlineWindowMs);
  }

  async dispatch(dispatch: Dispatch): Promise<void> {
    const [only] = dispatch.webhooks;
    if (only && dispatch.webhooks.length === 1) {
      await this.#deliver(dispatch, only);
      return;
    }
    const results = await Promise.allSettled(
      dispatch.webhooks.map((webhook) => this.#deliver(dispatch, webhook)),
    );
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
  }

  /** Puts off what has not started and hands over what is under way, as if every window closed now. */
  closeWindows(): void {
    this.#window.closeAll();
  }

  async #deliver(dispatch: Dispatch, webhook: Webhook): Promise<void> {
    const origin = originOf(dispatch, { ...identityOf(webhook), ...orderOf(webhook) });
    const inFlight = this.#inFlight.get(origin.deliveryId);
    if (inFlight) return inFlight.recorded;
    const delivery = new FirstDelivery(this.#dependencies.tools, origin, webhook, dispatch.event);
    this.#inFlight.set(origin.deliveryId, delivery);
    try {
      const isKnown = dispatch.mayBeRedelivered && (await this.#isRecorded(origin.deliveryId));
      if (!isKnown) await this.#begin(delivery, dispatch.receivedAt);
    } finally {
      this.#inFlight.delete(origin.deliveryId);
    }
  }

  async #isRecorded(deliveryId: string): Promise<boolean> {
    try {
      const { state } = await this.#dependencies.tools.journal.load(deliveryId);
      return state.status !== 'none';
    } catch (error) {
      if (isPosthornError(error, 'PSH_DELIVERY_PURGED')) return true;
      throw error;
    }
  }

  #begin(delivery: FirstDelivery, receivedAt: number): Promise<void> {
    const { webhook } = delivery;
    const isCodeHere = this.#dependencies.tools.missingCode(webhook) === null;
    if (webhook.status !== 'active') void delivery.schedule('held');
    else if (!isCodeHere) void delivery.schedule('needs-code');
    else if (delivery.origin.order === undefined) this.#offer(delivery, receivedAt);
    else void this.#beginInOrder(delivery, receivedAt);
    return delivery.recorded;
  }

  /** Never rejects: a failure to record shows in `delivery.recorded`. */
  async #beginInOrder(delivery: FirstDelivery, receivedAt: number): Promise<void> {
    const { order } = this.#dependencies;
    const place = await order.glance(delivery.origin, delivery.webhook).catch(() => UNKNOWN_PLACE);
    if (place.kind === 'first') this.#offer(delivery, receivedAt);
    else await delivery.schedule('in-order');
  }

  #offer(delivery: FirstDelivery, receivedAt: number): void {
    const { clock, lanes, underWay } = this.#dependencies;
    const waitedMs = stopwatch(clock);
    const key = laneKeyOf(delivery.webhook.id, delivery.webhook);
    const window = this.#window;
    const task = {
      run: async (): Promise<void> => {
        underWay.add(delivery.origin.deliveryId);
        const ageMs = Math.max(clock.monotonic() - receivedAt, waitedMs());
        // The process was stopped, or the machine slept: by now the event may have been handed to somebody else.
        const isStale = ageMs > this.#dependencies.inlineWindowMs + LATEST_START_MS;
        await (isStale ? delivery.schedule('lane-full') : delivery.run());
        window.leave(occupant);
        underWay.delete(delivery.origin.deliveryId);
      },
    };
    const occupant: WindowOccupant = {
      closeWindow: (reason) => {
        const isLimited = reason === 'lane-full' && lanes.isSlowed(key);
        if (lanes.withdraw(key, task, 'live'))
          void delivery.schedule(isLimited ? 'limited' : reason);
        else delivery.handOver();
      },
    };
    window.open(occupant, receivedAt);
    if (lanes.offer(key, task, 'live')) return;
    window.leave(occupant);
    void delivery.schedule(lanes.isSlowed(key) ? 'limited' : 'lane-full');
  }
}

function identityOf({ id, registration }: Webhook): PastEvent['webhook'] {
  return { id, registration };
}

/** What a delivery that is recorded now keeps of the order of its source stream. */
export function orderOf(webhook: Webhook | undefined): Pick<DeliveredTo, 'order'> {
  const order = webhook?.definition.ordering?.onDeadLetter;
  return order === undefined ? {} : { order };
}

/** What the first record of a delivery says of the event and of whom it is for. */
export function originOf(
  { event, tenantId }: Pick<Dispatch, 'event' | 'tenantId'>,
  webhook: DeliveredTo,
): DeliveryOrigin {
  const deliveryId = deliveryIdOf({
    webhookId: webhook.id,
    registration: webhook.registration,
    stream: event.streamId,
    eventId: event.id,
  });
  return {
    deliveryId,
    webhookId: webhook.id,
    registration: webhook.registration,
    tenantId,
    eventId: event.id,
    eventType: event.type,
    stream: event.streamId,
    revision: event.revision.toString(),
    position: (event.position?.commit ?? 0n).toString(),
    occurredAt: event.created.toISOString(),
    ...(webhook.order === undefined ? {} : { order: webhook.order }),
  };
}
