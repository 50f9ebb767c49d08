import { jsonEvent, UnavailableError } from '@eventstore/db-client';
import { ManualClock } from '../../kernel/index.js';
import { clientFace } from './client-face.js';

describe('a client whose server was not reached yet', () => {
  it('refuses an append at once, and leaves no deadline behind', async () => {
    const clock = new ManualClock();
    const client = clientFace({
      clock,
      defaultDeadlineMs: 10_000,
      connection: () => {
        throw new UnavailableError(undefined, 'not reached yet');
      },
      appending: () => undefined,
      succeeded: () => undefined,
      failed: () => undefined,
    });

    const append = client.appendToStream('orders', jsonEvent({ type: 'placed', data: {} }));

    await expect(append).rejects.toBeInstanceOf(UnavailableError);
    expect(clock.pendingTimers).toBe(0);
  });
});
