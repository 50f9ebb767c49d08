import type { RecordedEvent } from '@eventstore/db-client';

/** The default prefix of every stream that belongs to Posthorn. */
export const DEFAULT_STREAM_PREFIX = 'posthorn.';

/**
 * Metadata of every event that Posthorn records, under whatever prefix. Two installations on one server do not know each
 * other's prefix; a webhook for every event in each of them would deliver the deliveries of the other, and those again.
 */
export const OWN_EVENT_METADATA = { recordedBy: 'posthorn' } as const;

/** The streams of Posthorn under one prefix. */
export class StreamNames {
  readonly prefix: string;

  /** @param prefix what every stream of Posthorn begins with */
  constructor(prefix: string = DEFAULT_STREAM_PREFIX) {
    this.prefix = prefix;
  }

  /** The consumer group of all instances with this prefix: installations that share an event store have one each. */
  get groupName(): string {
    return this.prefix.replace(/\.$/, '');
  }

  /** One pointer per registry change, in the order in which the changes took effect. */
  get registry(): string {
    return `${this.prefix}registry`;
  }

  /** The events that the feed quarantined; in earlier versions its bookmarks too. */
  get feed(): string {
    return `${this.prefix}feed`;
  }

  /** The last bookmarks of the feed. */
  get bookmarks(): string {
    return `${this.prefix}feed-bookmarks`;
  }

  replay(replayId: string): string {
    return `${this.prefix}replay-${replayId}`;
  }

  /** Which instance runs a replay. */
  replayLease(replayId: string): string {
    return `${this.prefix}lease-replay-${replayId}`;
  }

  /** How far the history that a registration asked for was taken to its deliveries, before that was a replay. */
  backfill(webhookId: string, registration: number): string {
    return `${this.prefix}backfill-${webhookId}-${registration}`;
  }

  /** Lease and audited position of the reconciler. */
  get reconciler(): string {
    return `${this.prefix}reconciler`;
  }

  /** Lease and checkpoint of one partition of the events that are consumed in order. */
  partition(number: number): string {
    return `${this.prefix}partition-${number}`;
  }

  /** Into how many partitions the events are divided, and where their consumption began. */
  get partitions(): string {
    return `${this.prefix}partitions`;
  }

  /** Instances that hold no partition and wait for a share of them. */
  get partitionsWanted(): string {
    return `${this.prefix}partitions-wanted`;
  }

  webhook(webhookId: string): string {
    return `${this.prefix}webhook-${webhookId}`;
  }

  /** How the endpoint of a webhook fares, where somebody should know. */
  endpoint(webhookId: string): string {
    return `${this.prefix}endpoint-${webhookId}`;
  }

  delivery(deliveryId: string): string {
    return `${this.prefix}delivery-${deliveryId}`;
  }

  /** The delivery whose stream this is, if it is one. */
  deliveryIdOf(stream: string): string | undefined {
    const start = `${this.prefix}delivery-`;
    return stream.startsWith(start) ? stream.slice(start.length) : undefined;
  }

  /** The replay whose stream this is, if it is one. */
  replayIdOf(stream: string): string | undefined {
    const start = `${this.prefix}replay-`;
    return stream.startsWith(start) ? stream.slice(start.length) : undefined;
  }

  /** The webhook whose endpoint this stream is about, if it is about one. */
  endpointIdOf(stream: string): string | undefined {
    const start = `${this.prefix}endpoint-`;
    return stream.startsWith(start) ? stream.slice(start.length) : undefined;
  }

  /** The webhook whose stream this is, if it is one. */
  webhookIdOf(stream: string): string | undefined {
    const start = `${this.prefix}webhook-`;
    return stream.startsWith(start) ? stream.slice(start.length) : undefined;
  }

  /** Whether the stream belongs to Posthorn or to the event store itself, so that no webhook ever sees its events. */
  isReserved(stream: string): boolean {
    return stream.startsWith('$') || stream.startsWith(this.prefix);
  }

  /** Whether it is an event of the application: none of the event store's, and none of any installation of Posthorn. */
  isOfApplication(event: Pick<RecordedEvent, 'streamId' | 'type' | 'metadata'>): boolean {
    const { streamId, type, metadata } = event;
    return !this.isReserved(streamId) && !type.startsWith('$') && !isOwn(metadata);
  }
}

function isOwn(metadata: unknown): boolean {
  const isObject = typeof metadata === 'object' && metadata !== null;
  const { recordedBy } = OWN_EVENT_METADATA;
  return isObject && 'recordedBy' in metadata && metadata.recordedBy === recordedBy;
}

/** Injection token of the `StreamNames`. */
export const STREAM_NAMES = Symbol('posthorn.StreamNames');
