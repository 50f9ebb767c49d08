import { InvalidArgumentError, type StreamMetadata } from '@eventstore/db-client';

const INTEGERS: Readonly<Record<string, string>> = {
  maxAge: '$maxAge',
  maxCount: '$maxCount',
  truncateBefore: '$tb',
  cacheControl: '$cacheControl',
};

const ROLES: Readonly<Record<string, string>> = {
  readRoles: '$r',
  writeRoles: '$w',
  deleteRoles: '$d',
  metaReadRoles: '$mr',
  metaWriteRoles: '$mw',
};

const FROM_INTEGERS = inverted(INTEGERS);
const FROM_ROLES = inverted(ROLES);

function inverted(names: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(names).map(([name, stored]) => [stored, name]));
}

/** Stream metadata as it is stored. @throws InvalidArgumentError if a limit is not an integer */
export function toStoredMetadata(metadata: StreamMetadata): Record<string, unknown> {
  const entries = Object.entries(metadata).map(([key, value]): [string, unknown] => {
    const integer = INTEGERS[key];
    if (integer === undefined) return key === 'acl' ? ['$acl', toStoredAcl(value)] : [key, value];
    if (Number.isInteger(value)) return [integer, value];
    throw new InvalidArgumentError(`Invalid stream metadata: "${key}" must be an integer.`);
  });
  return Object.fromEntries(entries);
}

/** Stored metadata as the official client gives it out. */
export function fromStoredMetadata(stored: Record<string, unknown>): StreamMetadata {
  const entries = Object.entries(stored).map(([key, value]): [string, unknown] =>
    key === '$acl' ? ['acl', renamed(value, FROM_ROLES)] : [FROM_INTEGERS[key] ?? key, value],
  );
  return Object.fromEntries(entries);
}

function toStoredAcl(acl: unknown): unknown {
  return renamed(acl, ROLES);
}

/** Renames the members of an object and leaves out those that have no name; anything else passes. */
function renamed(value: unknown, names: Readonly<Record<string, string>>): unknown {
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]): [string, unknown][] => {
      const name = names[key];
      return name === undefined ? [] : [[name, inner]];
    }),
  );
}
