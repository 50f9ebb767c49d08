import { TOMBSTONE_REVISION } from '../embedded/event-log.js';
import { ALL } from './group-settings.js';

/**
 * A place is where a group stands in its source: a revision for a stream, a position for `$all`. As text it has the form
 * that EventStoreDB gives checkpoints: `5`, or `C:1234/P:1234`.
 */
export function formatPlace(eventSource: string, place: number): string {
  if (eventSource !== ALL) return toRevision(place).toString();
  return `C:${String(place)}/P:${String(place)}`;
}

/** The place for a text made by `formatPlace`; `undefined` if it is not one. */
export function parsePlace(eventSource: string, text: string): number | undefined {
  const pattern = eventSource === ALL ? /^C:(\d{1,20})\/P:\d{1,20}$/ : /^(\d{1,20})$/;
  const digits = pattern.exec(text)?.[1];
  return digits === undefined ? undefined : Math.min(Number(digits), TOMBSTONE_REVISION);
}

function toRevision(place: number): bigint {
  return place === TOMBSTONE_REVISION ? 2n ** 63n - 1n : BigInt(place);
}
