import type { GroupSettings } from '../group-settings.js';

/** Most records of one read: larger ones are no cheaper per record. */
const LARGEST_PAGE = 500;

/** How much a group holds and reads at a time. The protocol lets sizes be 0 or negative; a group has to get on all the same. */
export class GroupLimits {
  /** Live records kept while the group is behind. */
  readonly keptRecords: number;
  /** Messages that wait for a consumer. */
  readonly waitingMessages: number;
  /**
   * More room than this is needed before a page is read: that of a batch, and half of what the group may hold, so that a few
   * large reads fetch what many small ones would.
   */
  readonly readThreshold: number;

  constructor(settings: GroupSettings) {
    const { liveBufferSize, historyBufferSize, readBatchSize } = settings;
    this.keptRecords = Math.max(liveBufferSize, 0);
    this.waitingMessages = Math.max(historyBufferSize, 1);
    const half = Math.floor(this.waitingMessages / 2);
    this.readThreshold = Math.min(Math.max(readBatchSize, half), this.waitingMessages - 1);
  }

  /** Records of a read for which there is so much room. */
  pageFor(room: number): number {
    return Math.min(room, LARGEST_PAGE);
  }
}
