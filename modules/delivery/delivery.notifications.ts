import type { IEvent } from '@nestjs/cqrs';
import type { DeliveryEvent, DeliveryEventType } from './delivery.events.js';

type DataOf<Type extends DeliveryEventType> = Extract<DeliveryEvent, { type: Type }>['data'];

/**
 * What is published on the `EventBus` of `@nestjs/cqrs` after a delivery event was recorded, for `@EventsHandler` and
 * `@Saga`. The bus is local and at-most-once: who needs every event subscribes to the event store.
 */
abstract class DeliveryNotification<Type extends DeliveryEventType> implements IEvent {
  constructor(
    readonly deliveryId: string,
    readonly data: DataOf<Type>,
    /** Commit position in the log. */
    readonly position: bigint,
  ) {}
}

export class DeliveryScheduled extends DeliveryNotification<'DeliveryScheduled'> {}
export class DeliveryClaimed extends DeliveryNotification<'DeliveryClaimed'> {}
export class DeliveryAttempted extends DeliveryNotification<'DeliveryAttempted'> {}
export class DeliveryPostponed extends DeliveryNotification<'DeliveryPostponed'> {}
export class DeliverySucceeded extends DeliveryNotification<'DeliverySucceeded'> {}
export class DeliveryDeadLettered extends DeliveryNotification<'DeliveryDeadLettered'> {}
export class DeliveryReplayRequested extends DeliveryNotification<'DeliveryReplayRequested'> {}
export class DeliveryDiscarded extends DeliveryNotification<'DeliveryDiscarded'> {}

/** The notification for a recorded event. */
export function notificationOf(deliveryId: string, event: DeliveryEvent, position: bigint): IEvent {
  switch (event.type) {
    case 'DeliveryScheduled':
      return new DeliveryScheduled(deliveryId, event.data, position);
    case 'DeliveryClaimed':
      return new DeliveryClaimed(deliveryId, event.data, position);
    case 'DeliveryAttempted':
      return new DeliveryAttempted(deliveryId, event.data, position);
    case 'DeliveryPostponed':
      return new DeliveryPostponed(deliveryId, event.data, position);
    case 'DeliverySucceeded':
      return new DeliverySucceeded(deliveryId, event.data, position);
    case 'DeliveryDeadLettered':
      return new DeliveryDeadLettered(deliveryId, event.data, position);
    case 'DeliveryReplayRequested':
      return new DeliveryReplayRequested(deliveryId, event.data, position);
    case 'DeliveryDiscarded':
      return new DeliveryDiscarded(deliveryId, event.data, position);
  }
}
