import { BACKWARDS, ErrorType, type RecordedEvent } from '@eventstore/db-client';
import { type EventStoreClient, isClientError } from '../event-store/index.js';
import { isPosthornError } from '../kernel/index.js';
import type { Webhook } from '../registry/index.js';
import { deliveryIdOf } from './delivery-id.js';
import { type DeliveryState, isOpen } from './delivery-state.js';
import type { DeliveryOrigin } from './delivery.events.js';
import type { DeliveryJournal } from './delivery-journal.js';
import type { EarlierEvents } from './earlier-events.port.js';

/** Where a delivery is among those of its webhook and source stream. */
export type PlaceInStream =
  /** Nothing before it has to end first. */
  | { readonly kind: 'first' }
  /** The delivery `after` has to end first. */
  | { readonly kind: 'behind'; readonly after: string }
  /** It takes longer to tell. */
  | { readonly kind: 'unknown' };

export const UNKNOWN_PLACE: PlaceInStream = { kind: 'unknown' };

const FIRST: PlaceInStream = { kind: 'first' };

/** What the delivery of an earlier event does to those behind it. */
type Hold =
  /** They wait for it. */
  | 'holds'
  /** It was attempted in its turn, so all before it have ended too; or it is from before the order was kept. */
  | 'clears'
  /** It ended without an attempt: what is before it may not have ended. */
  | 'passes';

/** Its event and its predecessor are mostly beside one another. */
const SHORT_PAGE = 4;
const LONG_PAGE = 128;

export interface StreamOrderDependencies {
  readonly client: Pick<EventStoreClient, 'readStream'>;
  readonly journal: Pick<DeliveryJournal, 'load'>;
  readonly earlier: EarlierEvents;
}

/**
 * The order in which the deliveries of one webhook and one source stream are attempted: that of the stream.
 *
 * It is read from the event store itself, and from no index: backwards from the event through its stream to the nearest
 * one that the webhook is a member of, and there from its delivery. A delivery that was attempted had its place when it
 * was, so whatever is before it has ended as well, and nothing further back need be read.
 *
 * Guarantee: a delivery is `first` only when each earlier one that is recorded with an order has ended (`continue`), or
 * succeeded or been discarded (`hold`), and each earlier event that is to have a delivery has one. What has ended stays
 * so, unless somebody asks for a replay; so it holds whichever instance asks, and whatever it has not seen yet.
 */
export class StreamOrder {
  readonly #dependencies: StreamOrderDependencies;

  constructor(dependencies: StreamOrderDependencies) {
    this.#dependencies = dependencies;
  }

  /** The place of a delivery, as far as a few reads tell. @throws what the event store throws */
  glance(origin: DeliveryOrigin, webhook: Webhook): Promise<PlaceInStream> {
    return this.#place(origin, webhook, { isHasty: true });
  }

  /** The place of a delivery. @throws what the event store throws */
  place(origin: DeliveryOrigin, webhook: Webhook): Promise<PlaceInStream> {
    return this.#place(origin, webhook, { isHasty: false });
  }

  async #place(
    origin: DeliveryOrigin,
    webhook: Webhook,
    { isHasty }: { readonly isHasty: boolean },
  ): Promise<PlaceInStream> {
    if (origin.order === undefined) return FIRST;
    const { eventId, revision, stream } = origin;
    const [own, ...beside] = await this.#backwards(stream, BigInt(revision), SHORT_PAGE);
    if (own?.id !== eventId) return FIRST; // gone, as all before it then: truncated, expired, deleted
    for (let page: readonly RecordedEvent[] = beside; ;) {
      for (const event of page) {
        const found = await this.#placeBehind(event, webhook, isHasty);
        if (found) return found;
      }
      const last = page.at(-1);
      if (!last || last.revision === 0n) return FIRST;
      if (isHasty) return UNKNOWN_PLACE;
      page = await this.#backwards(stream, last.revision - 1n, LONG_PAGE);
    }
  }

  /** @returns `undefined` when it takes what is before the event to tell */
  async #placeBehind(
    event: RecordedEvent,
    webhook: Webhook,
    isHasty: boolean,
  ): Promise<PlaceInStream | undefined> {
    const standing = this.#dependencies.earlier.standingOf(event, webhook);
    if (standing === 'before') return FIRST;
    if (standing === 'other') return undefined;
    const deliveryId = deliveryIdOf({
      webhookId: webhook.id,
      registration: webhook.registration,
      stream: event.streamId,
      eventId: event.id,
    });
    switch (await this.#holdOf(deliveryId, event, webhook, isHasty)) {
      case 'holds':
        return { kind: 'behind', after: deliveryId };
      case 'clears':
        return FIRST;
      case 'passes':
        return undefined;
    }
  }

  async #holdOf(
    deliveryId: string,
    event: RecordedEvent,
    webhook: Webhook,
    isHasty: boolean,
  ): Promise<Hold> {
    const state = await this.#load(deliveryId);
    if (state === 'purged') return 'clears';
    if (state.status !== 'none') return holdOf(state);
    if (isHasty || !(await this.#dependencies.earlier.isSettled(event, webhook))) return 'holds';
    const settled = await this.#load(deliveryId);
    if (settled === 'purged') return 'clears';
    return settled.status === 'none' ? 'passes' : holdOf(settled);
  }

  async #load(deliveryId: string): Promise<DeliveryState | 'purged'> {
    try {
      return (await this.#dependencies.journal.load(deliveryId)).state;
    } catch (error) {
      if (isPosthornError(error, 'PSH_DELIVERY_PURGED')) return 'purged';
      throw error;
    }
  }

  async #backwards(
    stream: string,
    fromRevision: bigint,
    maxCount: number,
  ): Promise<readonly RecordedEvent[]> {
    const events: RecordedEvent[] = [];
    try {
      // Of a node that lags behind, the events between would be missing.
      const options = {
        direction: BACKWARDS,
        fromRevision,
        maxCount,
        requiresLeader: true,
      } as const;
      for await (const { event } of this.#dependencies.client.readStream(stream, options)) {
        if (event) events.push(event);
      }
    } catch (error) {
      const isGone = isClientError(error, ErrorType.STREAM_NOT_FOUND, ErrorType.STREAM_DELETED);
      if (!isGone) throw error;
    }
    return events;
  }
}

/** What a delivery that is recorded does to those behind it. */
function holdOf(state: DeliveryState): Hold {
  const order = state.origin?.order;
  if (order === undefined) return 'clears';
  if (isOpen(state)) return 'holds';
  if (state.status === 'dead-lettered' && order === 'hold') return 'holds';
  return state.attemptCount > 0 ? 'clears' : 'passes';
}
