/** The default prefix of every stream that belongs to Posthorn. */
export const DEFAULT_STREAM_PREFIX = 'posthorn.';

/** The streams of Posthorn under one prefix. */
export class StreamNames {
  readonly prefix: string;

  /** @param prefix what every stream of Posthorn begins with */
  constructor(prefix: string = DEFAULT_STREAM_PREFIX) {
    this.prefix = prefix;
  }

  /** One pointer per registry change, in the order in which the changes took effect. */
  get registry(): string {
    return `${this.prefix}registry`;
  }

  /** Bookmarks of the feed, and the events it quarantined. */
  get feed(): string {
    return `${this.prefix}feed`;
  }

  /** Start and end of each bulk replay of dead letters. */
  get replays(): string {
    return `${this.prefix}replays`;
  }

  replay(replayId: string): string {
    return `${this.prefix}replay-${replayId}`;
  }

  /** How far the history that a registration asked for was taken to its deliveries. */
  backfill(webhookId: string, registration: number): string {
    return `${this.prefix}backfill-${webhookId}-${registration}`;
  }

  webhook(webhookId: string): string {
    return `${this.prefix}webhook-${webhookId}`;
  }

  delivery(deliveryId: string): string {
    return `${this.prefix}delivery-${deliveryId}`;
  }

  /** The delivery whose stream this is, if it is one. */
  deliveryIdOf(stream: string): string | undefined {
    const start = `${this.prefix}delivery-`;
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
}

/** Injection token of the `StreamNames`. */
export const STREAM_NAMES = Symbol('posthorn.StreamNames');
