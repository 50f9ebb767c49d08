/** `truncate_before` of a soft-deleted stream: its metadata says 2^63-1. */
export const SOFT_DELETED = Number.MAX_SAFE_INTEGER;

/** What of a stream's metadata decides which of its events can be read; 0 stands for "not set". */
export interface Retention {
  readonly truncateBefore: number;
  readonly maxCount: number;
  readonly maxAgeS: number;
}

export const NO_RETENTION: Retention = { truncateBefore: 0, maxCount: 0, maxAgeS: 0 };

const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);
/** A `$tb` above every revision that does not mean "deleted". */
const BEYOND_EVERY_REVISION = SOFT_DELETED - 1;
const TRUNCATE_BEFORE = '$tb';
const ACL = '$acl';
const ACL_ROLES = new Set(['$r', '$w', '$d', '$mr', '$mw']);

/**
 * Reads stream metadata as EventStoreDB does: strictly. Whatever is wrong anywhere in what the store itself interprets
 * makes all of it count as empty.
 */
export function parseRetention(data: Uint8Array, isJson: boolean): Retention {
  const members = isJson ? membersOf(text(data)) : undefined;
  if (!members) return NO_RETENTION;
  const values = new Map<string, bigint>();
  for (const { key, raw } of members) {
    if (!isAcceptable(key, raw)) return NO_RETENTION;
    if (INTEGER_KEYS.has(key)) values.set(key, BigInt(raw));
  }
  return {
    truncateBefore: truncation(values.get(TRUNCATE_BEFORE) ?? 0n),
    maxCount: bounded(values.get('$maxCount') ?? 0n),
    maxAgeS: bounded(values.get('$maxAge') ?? 0n),
  };
}

/** Who may do what with a stream: names of users and groups; `$all` stands for everybody. What is left out is not decided. */
export interface StreamAcl {
  readonly $r?: readonly string[];
  readonly $w?: readonly string[];
  readonly $d?: readonly string[];
  readonly $mr?: readonly string[];
  readonly $mw?: readonly string[];
}

/** The access control list in stream metadata, read as strictly. @returns `undefined` if there is none */
export function parseMetadataAcl(data: Uint8Array, isJson: boolean): StreamAcl | undefined {
  const members = isJson ? membersOf(text(data)) : undefined;
  if (!members?.every(({ key, raw }) => isAcceptable(key, raw))) return undefined;
  return toAcl(members.findLast(({ key }) => key === ACL));
}

/** One of the lists of defaults in `$settings`. @returns `undefined` if it is not there, or not one */
export function parseDefaultAcl(data: Uint8Array, key: string): StreamAcl | undefined {
  const member = membersOf(text(data))?.findLast((one) => one.key === key);
  return member && isAcl(JSON.parse(member.raw)) ? toAcl(member) : undefined;
}

function toAcl(member: Member | undefined): StreamAcl | undefined {
  if (!member) return undefined;
  const roles = Object.entries(JSON.parse(member.raw) as Record<string, string | string[]>);
  return Object.fromEntries(
    roles.map(([role, names]) => [role, typeof names === 'string' ? [names] : names]),
  );
}

/**
 * The same metadata with `$tb` set to `revision` and every other member untouched, byte by byte.
 * @returns `undefined` if it is not a JSON object
 */
export function withTruncateBefore(data: Uint8Array, revision: number): Buffer | undefined {
  const members = membersOf(text(data));
  if (!members) return undefined;
  const kept = members.filter(({ key }) => key !== TRUNCATE_BEFORE);
  const parts = kept.map(({ key, raw }) => `${JSON.stringify(key)}:${raw}`);
  parts.push(`"${TRUNCATE_BEFORE}":${String(revision)}`);
  return Buffer.from(`{${parts.join(',')}}`);
}

/** The metadata that a soft delete writes. */
export const SOFT_DELETE_METADATA = Buffer.from(`{"${TRUNCATE_BEFORE}":${String(INT64_MAX)}}`);

const INTEGER_KEYS = new Set([TRUNCATE_BEFORE, '$maxCount', '$maxAge', '$cacheControl']);

function isAcceptable(key: string, raw: string): boolean {
  if (INTEGER_KEYS.has(key)) return isInt64(raw);
  if (key === '$tmp') return raw === 'true' || raw === 'false';
  if (key === ACL) return isAcl(JSON.parse(raw));
  return true;
}

function isInt64(raw: string): boolean {
  if (!/^-?\d{1,20}$/.test(raw)) return false;
  const value = BigInt(raw);
  return value >= INT64_MIN && value <= INT64_MAX;
}

function isAcl(value: unknown): boolean {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return false;
  return Object.entries(value).every(([role, names]) => ACL_ROLES.has(role) && isRoleList(names));
}

function isRoleList(names: unknown): boolean {
  if (typeof names === 'string') return true;
  return Array.isArray(names) && names.every((name) => typeof name === 'string');
}

function truncation(value: bigint): number {
  if (value === INT64_MAX) return SOFT_DELETED;
  return value <= 0n ? 0 : Math.min(Number(value), BEYOND_EVERY_REVISION);
}

function bounded(value: bigint): number {
  return value <= 0n ? 0 : Math.min(Number(value), Number.MAX_SAFE_INTEGER);
}

function text(data: Uint8Array): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('utf8');
}

interface Member {
  readonly key: string;
  /** The JSON text of the value, as it stands in the source. */
  readonly raw: string;
}

/**
 * The members of a JSON object with the source text of their values, because a number above 2^53 does not survive
 * `JSON.parse`. @returns `undefined` if `json` is not a JSON object
 */
function membersOf(json: string): Member[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined;
  const members: Member[] = [];
  let at = json.indexOf('{') + 1;
  for (;;) {
    const keyStart = json.indexOf('"', at);
    if (keyStart < 0) return members;
    const keyEnd = endOfString(json, keyStart);
    const valueStart = json.indexOf(':', keyEnd) + 1;
    const valueEnd = endOfValue(json, valueStart);
    const key = JSON.parse(json.slice(keyStart, keyEnd)) as string;
    members.push({ key, raw: json.slice(valueStart, valueEnd).trim() });
    at = valueEnd + 1;
  }
}

/** Index after the string that begins at `start`, in JSON known to be valid. */
function endOfString(json: string, start: number): number {
  let at = start + 1;
  while (json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
  return at + 1;
}

/** Index of the comma or brace that ends the value beginning at `start`, in JSON known to be valid. */
function endOfValue(json: string, start: number): number {
  let depth = 0;
  let at = start;
  for (;;) {
    const character = json[at];
    if (character === '"') {
      at = endOfString(json, at);
      continue;
    }
    if (depth === 0 && (character === ',' || character === '}')) return at;
    if (character === '{' || character === '[') depth++;
    if (character === '}' || character === ']') depth--;
    at++;
  }
}
