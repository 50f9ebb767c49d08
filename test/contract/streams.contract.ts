import { jest } from '@jest/globals';
import { describeAppends, describeAppendsThatDoNotThrow } from './streams-append.contract.js';
import { describeOwnAppends } from './streams-own.contract.js';
import { describeDeletions } from './streams-delete.contract.js';
import { describeReads } from './streams-read.contract.js';
import {
  describeAllSubscriptions,
  describeStreamSubscriptions,
} from './streams-subscribe.contract.js';
import type { GetClient, OpenStreamsClient } from './stream-fixtures.js';

/** For tests with ten thousand appends, on a busy machine. */
const DEADLINE_MS = 120_000;

/**
 * How streams behave, on every event store that Posthorn runs on. Each test uses streams of its own, so the store may be
 * shared and need not be empty.
 * @param name of the event store, for the report
 */
export function describeStreams(name: string, openClient: OpenStreamsClient): void {
  jest.setTimeout(DEADLINE_MS);
  describe(`${name}: streams`, () => {
    const client = opened(openClient);
    describeAppends(client);
    describeReads(client);
    describeDeletions(client);
    describeStreamSubscriptions(client);
    describeAllSubscriptions(client);
  });

  describe(`${name}: streams, with throwOnAppendFailure: false`, () => {
    describeAppendsThatDoNotThrow(opened(openClient, { throwOnAppendFailure: false }));
  });
}

/** What our own event stores add to that, where others differ from one another. */
export function describeOwnStreams(name: string, openClient: OpenStreamsClient): void {
  describe(`${name}: streams, as ours alone have them`, () => {
    describeOwnAppends(opened(openClient));
  });
}

function opened(
  openClient: OpenStreamsClient,
  options?: { throwOnAppendFailure: boolean },
): GetClient {
  let current: Awaited<ReturnType<OpenStreamsClient>> | undefined;
  beforeAll(async () => {
    current = await openClient(options);
  });
  afterAll(async () => {
    await current?.close();
  });
  return () => {
    if (!current) throw new Error('The client is not open');
    return current.client;
  };
}
