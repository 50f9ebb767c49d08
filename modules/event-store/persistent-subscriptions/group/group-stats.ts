import type { Intake } from './intake.js';
import type { ParkedMessages } from './parked-messages.js';
import type { Throughput } from './statistics.js';

/** What a group is doing. */
export interface GroupStats {
  /** Names of what holds, joined by commas: `Live`, `Behind, OutstandingPageRequest`, ... */
  readonly status: string;
  readonly throughput: Throughput;
  /** Place of the last checkpoint. */
  readonly lastCheckpointed: number | undefined;
  /** Highest place of the source that the group has seen. */
  readonly lastKnown: number | undefined;
  readonly readBufferCount: number;
  readonly liveBufferCount: number;
  readonly retryBufferCount: number;
  readonly outstandingCount: number;
  readonly parkedCount: number;
}

/** The state of a group in the words of EventStoreDB. */
export function statusText(hasBegun: boolean, intake: Intake, parked: ParkedMessages): string {
  if (!hasBegun) return 'NotReady';
  const states = [intake.isLive ? 'Live' : 'Behind'];
  if (intake.isReading) states.push('OutstandingPageRequest');
  if (parked.isReplaying) states.push('ReplayingParkedMessages');
  return states.join(', ');
}
