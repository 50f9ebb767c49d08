import { ErrorType } from '@eventstore/db-client';
import {
  appendCertainly,
  type EventStoreClient,
  isClientError,
  newEvents,
  type StreamNames,
} from '../../event-store/index.js';
import { type Clock, PosthornError } from '../../kernel/index.js';
import type { PartitionsEvent } from './partitions.events.js';

/** What all instances agree on. */
export interface PartitionPlan {
  readonly partitions: number;
  /** The events above this position are consumed; -1: from the beginning of the log. */
  readonly startAfter: bigint;
}

export interface PartitionPlanOptions {
  readonly client: Pick<EventStoreClient, 'appendToStream' | 'readStream'>;
  readonly clock: Clock;
  readonly names: StreamNames;
  readonly partitions: number;
  /** Asked on the very first use only. */
  readonly startAfter: () => Promise<bigint>;
  /** Gives up when aborted. */
  readonly signal: AbortSignal;
}

/**
 * Agrees with the other instances, and with earlier lives, on the number of partitions and on where consumption began:
 * what the first one recorded holds for all.
 *
 * @throws PosthornError `PSH_FEED_PARTITIONS_CHANGED`; what the client throws
 */
export async function settlePlan(options: PartitionPlanOptions): Promise<PartitionPlan> {
  const plan = (await recordedPlan(options)) ?? (await recordPlan(options));
  // Another instance was faster.
  const settled = plan ?? (await recordedPlan(options));
  if (settled?.partitions === options.partitions) return settled;
  throw new PosthornError(
    'PSH_FEED_PARTITIONS_CHANGED',
    `ordered consumption began with ${String(settled?.partitions)} partitions, not ${options.partitions}`,
  );
}

async function recordedPlan({
  client,
  names,
}: PartitionPlanOptions): Promise<PartitionPlan | undefined> {
  // A node that lags behind would not show what another instance recorded just now.
  const first = { maxCount: 1, requiresLeader: true } as const;
  let plan: PartitionPlan | undefined;
  try {
    for await (const { event } of client.readStream(names.partitions, first)) {
      if (!event) continue;
      const { data } = event as unknown as PartitionsEvent;
      const startAfter = data.startAfter === null ? -1n : BigInt(data.startAfter);
      plan = { partitions: data.partitions, startAfter };
    }
  } catch (error) {
    if (!isClientError(error, ErrorType.STREAM_NOT_FOUND)) throw error;
  }
  return plan;
}

async function recordPlan(options: PartitionPlanOptions): Promise<PartitionPlan | undefined> {
  const { client, clock, names, partitions, signal } = options;
  const startAfter = await options.startAfter();
  const planned: PartitionsEvent = {
    type: 'PartitionsPlanned',
    data: {
      v: 1,
      partitions,
      startAfter: startAfter < 0n ? null : startAfter.toString(),
      at: new Date(clock.now()).toISOString(),
    },
  };
  const outcome = await appendCertainly(names.partitions, newEvents([planned]), {
    client,
    clock,
    expectedRevision: 'no_stream',
    signal,
  });
  return outcome.kind === 'appended' ? { partitions, startAfter } : undefined;
}
