import type { GroupSettings } from '../group-settings.js';

const LARGEST_PAGE = 100;
/** What EventStoreDB reads at a time when a group's read batch size is 0. */
const DEFAULT_PAGE = 10;

/** How much a group holds and reads at a time. The protocol lets sizes be 0 or negative; a group has to get on all the same. */
export class GroupLimits {
  /** Live records kept while the group is behind. */
  readonly keptRecords: number;
  /** Messages that wait for a consumer. */
  readonly waitingMessages: number;
  /** More room than this is needed before a page is read. */
  readonly readThreshold: number;
  /** Records per page. */
  readonly pageSize: number;

  constructor(settings: GroupSettings) {
    const { liveBufferSize, historyBufferSize, readBatchSize } = settings;
    this.keptRecords = Math.max(liveBufferSize, 0);
    this.waitingMessages = Math.max(historyBufferSize, 1);
    this.readThreshold = Math.min(Math.max(readBatchSize, 0), this.waitingMessages - 1);
    this.pageSize = readBatchSize > 0 ? Math.min(readBatchSize, LARGEST_PAGE) : DEFAULT_PAGE;
  }
}
