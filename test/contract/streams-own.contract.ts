import { binaryEvent } from '@eventstore/db-client';
import { anEvent, type GetClient, uniqueStream } from './stream-fixtures.js';

/**
 * Appends of which the versions of EventStoreDB differ: from version 26 on metadata counts towards the limit, and what is not
 * well-formed may be answered twice, which the official client does not survive.
 */
export function describeOwnAppends(client: GetClient): void {
  describe('an append', () => {
    it('may carry a mebibyte of data, and metadata beside it', async () => {
      const data = new Uint8Array(1_048_576);
      const metadata = new Uint8Array(10_000);
      const event = binaryEvent({ type: 't', data, metadata });

      const result = await client().appendToStream(uniqueStream(), event);

      expect(result.success).toBe(true);
    });

    it.each([
      ['an empty stream name', '', anEvent()],
      ['an empty type', uniqueStream(), { ...anEvent(), type: '' }],
      ['an id that is no UUID', uniqueStream(), { ...anEvent(), id: 'not-a-uuid' }],
    ])('is refused with %s', async (_, stream, event) => {
      await expect(client().appendToStream(stream, event)).rejects.toThrow();
    });
  });
}
