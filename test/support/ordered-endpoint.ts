import { jsonEvent } from '@eventstore/db-client';
import type { EventStoreClient } from '../../modules/event-store/index.js';
import type { ReceivedRequest, RecordingReceiver } from './recording-receiver.js';

/** What an event says of its place. */
export interface Told {
  readonly stream: string;
  readonly number: number;
}

/**
 * An endpoint that answers 204 or, as it is told, 503. It writes down
 * what it accepted first, stream by stream.
 */
export class OrderedEndpoint {
  /** By stream, in the order in which they were accepted for the first time. */
  readonly accepted: Record<string, number[]> = {};
  /** Every request, in the order in which they came. */
  readonly received: Told[] = [];
  #waiting: (() => void)[] = [];

  /** @param isFailing whether the endpoint fails on an event that has come `count` times */
  constructor(
    receiver: RecordingReceiver,
    path: string,
    isFailing: (told: Told, count: number) => boolean = () => false,
  ) {
    receiver.behave(path, (request, response, count) => {
      const told = toldIn(request);
      this.received.push(told);
      const isAccepted = !isFailing(told, count);
      if (isAccepted) this.#accept(told);
      response.writeHead(isAccepted ? 204 : 503).end();
    });
  }

  /** How many events were accepted. */
  get count(): number {
    return Object.values(this.accepted).flat().length;
  }

  /** Resolves when so many events were accepted. */
  async until(count: number): Promise<void> {
    while (this.count < count) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #accept({ number, stream }: Told): void {
    const numbers = (this.accepted[stream] ??= []);
    if (!numbers.includes(number)) numbers.push(number);
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

/** Appends events with these numbers to a stream. */
export async function appendNumbers(
  client: Pick<EventStoreClient, 'appendToStream'>,
  stream: string,
  ...numbers: readonly number[]
): Promise<void> {
  const events = numbers.map((number) =>
    jsonEvent({ type: 'order.placed', data: { stream, number } }),
  );
  await client.appendToStream(stream, events);
}

/** 0, 1, 2, ... */
export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_one, number) => number);
}

function toldIn({ body }: ReceivedRequest): Told {
  return (JSON.parse(body) as { readonly data: Told }).data;
}
