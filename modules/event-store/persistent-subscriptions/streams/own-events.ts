import { randomUUID } from 'node:crypto';
import type { EventLog, ProposedEvent } from '../../embedded/event-log.js';
import { METADATA_TYPE, metastreamOf } from '../../embedded/system-names.js';

const NOTHING = new Uint8Array(0);

/**
 * A JSON event without metadata; the id is drawn once, so that appending it again changes nothing.
 *
 * @param json as `JSON.stringify` wrote it
 */
export function jsonEvent(type: string, json: string): ProposedEvent {
  const data = Buffer.from(json);
  return { id: randomUUID(), type, isJson: true, isCanonical: true, data, metadata: NOTHING };
}

/** Sets the metadata of a stream. */
export async function setMetadata(log: EventLog, stream: string, metadata: object): Promise<void> {
  const event = jsonEvent(METADATA_TYPE, JSON.stringify(metadata));
  await log.append(metastreamOf(stream), 'any', [event]);
}

/** Soft-deletes a stream; one that is not there stays as it is. */
export async function deleteIfPresent(log: EventLog, stream: string): Promise<void> {
  const { state } = await log.readStream({
    stream,
    direction: 'backwards',
    from: 'end',
    limit: 1,
    resolveLinks: false,
  });
  if (state === 'present') await log.delete(stream, 'any', false);
}

/** What bytes of UTF-8 say. */
export function textOf(data: Uint8Array): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('utf8');
}
