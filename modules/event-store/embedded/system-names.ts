/** Type of the events of a metastream. */
export const METADATA_TYPE = '$metadata';

/** Type of the record that a tombstone leaves. */
export const STREAM_DELETED_TYPE = '$streamDeleted';

/** Type of an event that points at another one: its data is `revision@stream`. */
export const LINK_TYPE = '$>';

const METASTREAM_PREFIX = '$$';
const ALL_GROUP_PREFIX = '$persistentsubscription-$all::';

/** The stream that holds the metadata of `stream`. */
export function metastreamOf(stream: string): string {
  return METASTREAM_PREFIX + stream;
}

export function isMetastream(stream: string): boolean {
  return stream.startsWith(METASTREAM_PREFIX);
}

/** The stream whose metadata `metastream` holds. */
export function originalOf(metastream: string): string {
  return metastream.slice(METASTREAM_PREFIX.length);
}

/**
 * Whether `$all` never shows the stream: the bookkeeping of persistent subscriptions to `$all`, which would otherwise feed
 * them their own checkpoints, and the epoch records of a server.
 */
export function isHiddenFromAll(stream: string): boolean {
  if (stream.charCodeAt(0) !== 36) return false;
  if (stream === '$epoch-information') return true;
  return (
    stream.startsWith(ALL_GROUP_PREFIX) &&
    (stream.endsWith('-checkpoint') || stream.endsWith('-parked'))
  );
}
