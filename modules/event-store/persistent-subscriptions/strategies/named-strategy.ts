import type { ConsumerStrategy } from './consumer-strategy.js';
import { DispatchToSingle } from './dispatch-to-single.js';
import { correlationKey, sourceStreamKey } from './pin-keys.js';
import { Pinned } from './pinned.js';
import { RoundRobin } from './round-robin.js';

const STRATEGIES: ReadonlyMap<string, () => ConsumerStrategy> = new Map<
  string,
  () => ConsumerStrategy
>([
  ['RoundRobin', () => new RoundRobin()],
  ['DispatchToSingle', () => new DispatchToSingle()],
  ['Pinned', () => new Pinned(sourceStreamKey)],
  ['PinnedByCorrelation', () => new Pinned(correlationKey)],
]);

export function isConsumerStrategy(name: string): boolean {
  return STRATEGIES.has(name);
}

/** The consumer strategy that EventStoreDB knows by `name`; RoundRobin if there is none. */
export function createConsumerStrategy(name: string): ConsumerStrategy {
  return STRATEGIES.get(name)?.() ?? new RoundRobin();
}
