import type { IEvent } from '@nestjs/cqrs';
import type { EndpointEvent } from '../endpoint.events.js';

type DataOf<Type extends EndpointEvent['type']> = Extract<EndpointEvent, { type: Type }>['data'];

/** Every attempt for a webhook has failed for so long; published on the `EventBus` by the instance that recorded it. */
export class EndpointFailing implements IEvent {
  constructor(
    readonly webhookId: string,
    readonly data: DataOf<'EndpointFailing'>,
    /** Commit position in the log. */
    readonly position: bigint,
  ) {}
}

/** An endpoint that was said to fail has answered with success; published as `EndpointFailing` is. */
export class EndpointRecovered implements IEvent {
  constructor(
    readonly webhookId: string,
    readonly data: DataOf<'EndpointRecovered'>,
    /** Commit position in the log. */
    readonly position: bigint,
  ) {}
}

/** The notification for a recorded event. */
export function endpointNotificationOf({ data, type }: EndpointEvent, position: bigint): IEvent {
  return type === 'EndpointFailing'
    ? new EndpointFailing(data.webhookId, data, position)
    : new EndpointRecovered(data.webhookId, data, position);
}
