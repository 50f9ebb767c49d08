import { Metadata } from '@grpc/grpc-js';

/** Names of the trailers by which clients tell errors apart. */
export const TRAILER = {
  exception: 'exception',
  streamName: 'stream-name',
  groupName: 'group-name',
  reason: 'reason',
  expectedVersion: 'expected-version',
  actualVersion: 'actual-version',
  maximumAppendSize: 'maximum-append-size',
  requiredMetadataProperties: 'required-metadata-properties',
} as const;

/** Values of the `exception` trailer, besides those about persistent subscriptions. */
export const EXCEPTION = {
  accessDenied: 'access-denied',
  streamDeleted: 'stream-deleted',
  wrongExpectedVersion: 'wrong-expected-version',
  maximumAppendSizeExceeded: 'maximum-append-size-exceeded',
  missingMetadata: 'missing-required-metadata-property',
} as const;

export type TrailerName = (typeof TRAILER)[keyof typeof TRAILER];

/** Trailers. A value holds printable ASCII; what else it has is percent-encoded. */
export function trailers(values: Partial<Record<TrailerName, string>>): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(values)) metadata.set(name, toAscii(value));
  return metadata;
}

function toAscii(value: string): string {
  return value.replace(/[^ -~]+/gu, (run) =>
    Buffer.from(run).toString('hex').replace(/../g, '%$&'),
  );
}
