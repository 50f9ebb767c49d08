import { setTimeout as delay } from 'node:timers/promises';
import type { Contender } from './contender.js';
import { message } from './payloads.js';

/** How a stretch of numbers was published. */
export interface Published {
  /** When the first one was begun, in epoch milliseconds. */
  readonly startedAt: number;
  /** When the last outcome was recorded and could be seen. */
  readonly settledAt: number;
  /** When each was to be published; only of an open loop. */
  readonly scheduledAt: Float64Array;
}

const now = (): number => performance.timeOrigin + performance.now();

/** Publishes `count` messages as fast as the contender takes them, `inFlight` at once. */
export async function saturate(
  contender: Contender,
  stretch: { readonly first: number; readonly count: number; readonly inFlight: number },
): Promise<Published> {
  const { first, count, inFlight } = stretch;
  const startedAt = now();
  let next = first;
  const inTurn = async (): Promise<void> => {
    while (next < first + count) await contender.publish(message(next++));
  };
  await Promise.all(Array.from({ length: inFlight }, inTurn));
  await contender.settled(first + count);
  return { startedAt, settledAt: now(), scheduledAt: new Float64Array(0) };
}

/**
 * Publishes at `perSecond`, whatever the contender does: who stalls is not spared what comes meanwhile. Latency counts
 * from when a message was to be published.
 */
export async function openLoop(
  contender: Contender,
  stretch: { readonly first: number; readonly count: number; readonly perSecond: number },
): Promise<Published> {
  const { first, count, perSecond } = stretch;
  const scheduledAt = new Float64Array(count);
  const publishing: Promise<void>[] = [];
  const startedAt = now();
  for (let sent = 0; sent < count;) {
    const due = Math.min(count, Math.floor(((now() - startedAt) * perSecond) / 1_000) + 1);
    for (; sent < due; sent++) {
      scheduledAt[sent] = startedAt + (sent * 1_000) / perSecond;
      publishing.push(contender.publish(message(first + sent)));
    }
    await delay(1);
  }
  await Promise.all(publishing);
  await contender.settled(first + count);
  return { startedAt, settledAt: now(), scheduledAt };
}
