import {
  StreamNotFoundError,
  type ReadAllOptions,
  type ReadStreamOptions,
  UnknownError,
} from '@eventstore/db-client';
import type { EventLog } from '../embedded/event-log.js';
import { toFromPosition, toFromRevision } from './client-arguments.js';
import { streamDeleted } from './client-errors.js';
import type { ReadPage } from './record-read.js';

/** Most events that are asked of the engine at once. */
const PAGE_LIMIT = 512;

/** Reads a stream page by page, as the options of `readStream` say. @throws InvalidArgumentError for a bad revision */
export function pagesOfStream(
  log: EventLog,
  stream: string,
  options: ReadStreamOptions,
): () => Promise<ReadPage> {
  const { fromRevision = 'start', direction = 'forwards', resolveLinkTos = false } = options;
  let from = toFromRevision(fromRevision);
  let remaining = Number(options.maxCount ?? Number.MAX_SAFE_INTEGER);
  let isFirst = true;
  const isImpossible = remaining < 1 || (direction === 'forwards' && from === 'end');
  return async () => {
    if (isImpossible) throw new UnknownError(undefined, 'Unexpected ReadStreamResult: Error');
    const limit = Math.min(remaining, PAGE_LIMIT);
    const page = await log.readStream({
      stream,
      direction,
      from,
      limit,
      resolveLinks: resolveLinkTos,
    });
    if (page.state === 'tombstoned') throw streamDeleted(stream);
    if (page.state === 'missing' && isFirst) throw new StreamNotFoundError(undefined, stream);
    isFirst = false;
    remaining -= page.records.length;
    if (page.next !== null) from = page.next;
    return { records: page.records, isEnd: page.next === null || remaining <= 0 };
  };
}

/** Reads `$all` page by page, as the options of `readAll` say. @throws InvalidArgumentError for a bad position */
export function pagesOfAll(log: EventLog, options: ReadAllOptions): () => Promise<ReadPage> {
  const { fromPosition = 'start', direction = 'forwards', resolveLinkTos = false } = options;
  let from = toFromPosition(fromPosition);
  let remaining = Number(options.maxCount ?? Number.MAX_SAFE_INTEGER);
  return async () => {
    if (remaining < 1) return { records: [], isEnd: true };
    const limit = Math.min(remaining, PAGE_LIMIT);
    const page = await log.readAll({ direction, from, limit, resolveLinks: resolveLinkTos });
    from = page.next;
    remaining -= page.records.length;
    return { records: page.records, isEnd: page.isEnd || remaining <= 0 };
  };
}
