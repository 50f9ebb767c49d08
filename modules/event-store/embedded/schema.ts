/** Version of the file format that this engine writes, and the newest that it reads. */
export const FORMAT_VERSION = 1;

/** Marks the file as a store of this engine: "PSHE". */
export const APPLICATION_ID = 0x50534845;

/**
 * `events.position` is the place in the log. `streams` holds one row for every stream that has events or metadata, with
 * what its metadata says (0: nothing), so that neither writer nor reader parses metadata. Rows of `streams` are never
 * removed: the numbering of a stream outlives its events.
 */
export const SCHEMA = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE streams (
  id INTEGER PRIMARY KEY,
  name_hash INTEGER NOT NULL,
  name TEXT NOT NULL,
  last_revision INTEGER NOT NULL,
  truncate_before INTEGER NOT NULL,
  max_count INTEGER NOT NULL,
  max_age_s INTEGER NOT NULL,
  is_tombstoned INTEGER NOT NULL
);
CREATE INDEX streams_by_name ON streams (name_hash);
CREATE TABLE events (
  position INTEGER PRIMARY KEY,
  stream_id INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  event_id BLOB NOT NULL,
  type TEXT NOT NULL,
  is_json INTEGER NOT NULL,
  created INTEGER NOT NULL,
  data BLOB NOT NULL,
  metadata BLOB NOT NULL
);
CREATE UNIQUE INDEX events_by_stream ON events (stream_id, revision);
`;

/** Keys of the table `meta`. */
export const META = {
  formatVersion: 'format_version',
  storeId: 'store_id',
} as const;
