import { groupKey } from '../group-settings.js';

/** The stream that holds the checkpoints of a group. */
export function checkpointStreamOf(eventSource: string, group: string): string {
  return `$persistentsubscription-${groupKey(eventSource, group)}-checkpoint`;
}

/** The stream that holds the parked messages of a group, as links to the events. */
export function parkedStreamOf(eventSource: string, group: string): string {
  return `$persistentsubscription-${groupKey(eventSource, group)}-parked`;
}
