import { openStoreIn } from './open-store.js';
import { prefixIn } from './installation.js';

/** What the log itself says of all deliveries. */
export interface DeliveryLedger {
  readonly deliveries: number;
  /** Those whose last run has not ended. */
  readonly open: number;
  /** Deliveries that break a law, with the law. */
  readonly violations: readonly string[];
}

interface Tally {
  run: number;
  attempts: number;
  /** Terminal events by run. */
  readonly ends: Map<number, number>;
  isDeadLetter: boolean;
}

/**
 * Reads every delivery stream of a stopped service and checks the laws: exactly one terminal event in each run that ended
 * (and each but the last has ended), attempts numbered 1, 2, 3, ...
 */
export async function deliveryLedger(dataDir: string): Promise<DeliveryLedger> {
  const store = await openStoreIn(dataDir);
  const deliveries = `${prefixIn(dataDir)}delivery-`;
  const tallies = new Map<string, Tally>();
  const violations: string[] = [];
  try {
    for await (const { event } of store.client.readAll()) {
      if (!event?.streamId.startsWith(deliveries)) continue;
      const tally = tallies.get(event.streamId) ?? newTally();
      tallies.set(event.streamId, tally);
      const data = event.data as { run: number; number?: number };
      count(tally, event.type, data);
      if (event.type === 'DeliveryAttempted' && data.number !== tally.attempts) {
        violations.push(`${event.streamId}: attempt ${tally.attempts} is numbered ${data.number}`);
      }
    }
  } finally {
    await store.close();
  }
  for (const [stream, tally] of tallies) violations.push(...violationsOf(stream, tally));
  const open = [...tallies.values()].filter(({ ends, run }) => !ends.has(run)).length;
  return { deliveries: tallies.size, open, violations };
}

function violationsOf(stream: string, tally: Tally): string[] {
  const violations: string[] = [];
  for (let run = 1; run <= tally.run; run++) {
    const ends = tally.ends.get(run) ?? 0;
    if (ends > 1) violations.push(`${stream}: run ${run} ended ${ends} times`);
    if (ends === 0 && run < tally.run) violations.push(`${stream}: run ${run} never ended`);
  }
  return violations;
}

function newTally(): Tally {
  return { run: 1, attempts: 0, ends: new Map(), isDeadLetter: false };
}

function count(tally: Tally, type: string, data: { run: number }): void {
  if (type === 'DeliveryAttempted') tally.attempts += 1;
  if (type === 'DeliveryReplayRequested') tally.run = data.run;
  const isDisposal = type === 'DeliveryDiscarded' && tally.isDeadLetter;
  const isEnd =
    type === 'DeliverySucceeded' || type === 'DeliveryDeadLettered' || type === 'DeliveryDiscarded';
  if (isEnd && !isDisposal) tally.ends.set(data.run, (tally.ends.get(data.run) ?? 0) + 1);
  tally.isDeadLetter = type === 'DeliveryDeadLettered';
}
