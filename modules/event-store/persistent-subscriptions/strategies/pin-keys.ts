import type { LogRecord } from '../../embedded/event-log.js';
import { LINK_TYPE } from '../../embedded/system-names.js';
import type { Message } from '../group/message.js';

/** The stream of the event; for a link that was not resolved, the stream it points at. */
export function sourceStreamKey(message: Message): string {
  const record = message.record.event ?? message.record.link;
  if (record?.type !== LINK_TYPE) return record?.stream ?? '';
  const target = text(record.data);
  return target.slice(target.indexOf('@') + 1);
}

/** The `$correlationId` of the event's metadata; without one, the same key as for streams. */
export function correlationKey(message: Message): string {
  return correlationIdOf(message.record.event) ?? sourceStreamKey(message);
}

function correlationIdOf(record: LogRecord | undefined): string | undefined {
  if (!record?.metadata.length) return undefined;
  try {
    const metadata: unknown = JSON.parse(text(record.metadata));
    if (metadata === null || typeof metadata !== 'object') return undefined;
    const { $correlationId: id } = metadata as { readonly $correlationId?: unknown };
    return typeof id === 'string' ? id : undefined;
  } catch {
    return undefined; // metadata is whatever the application wrote
  }
}

function text(data: Uint8Array): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('utf8');
}
