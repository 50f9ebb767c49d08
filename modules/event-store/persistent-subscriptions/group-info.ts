import type { GroupSettings } from './group-settings.js';
import type { Measurement } from './group/statistics.js';

/** A connected consumer as it is reported. */
export interface ConnectionInfo {
  readonly connectionName: string;
  readonly username: string;
  readonly throughput: Measurement;
  readonly availableSlots: number;
  readonly inFlightMessages: number;
  /** Latencies in milliseconds by the name of the measurement; empty unless the group asks for extra statistics. */
  readonly latencies: ReadonlyMap<string, number>;
}

/** A group as it is reported; places are texts such as `5` or `C:7/P:7`, empty when there is none. */
export interface GroupInfo {
  readonly eventSource: string;
  readonly group: string;
  readonly status: string;
  readonly settings: GroupSettings;
  readonly connections: readonly ConnectionInfo[];
  readonly throughput: Measurement;
  readonly lastCheckpointed: string;
  readonly lastKnown: string;
  readonly readBufferCount: number;
  readonly liveBufferCount: number;
  readonly retryBufferCount: number;
  readonly totalInFlightMessages: number;
  readonly outstandingMessagesCount: number;
  readonly parkedMessageCount: number;
}
