import { ManualClock } from './manual-clock.js';
import { pause } from './pause.js';

describe('a pause', () => {
  it('ends after its time', async () => {
    const clock = new ManualClock();
    let isOver = false;
    const over = pause(clock, 1_000).then(() => (isOver = true));

    clock.advance(999);
    await Promise.resolve();
    expect(isOver).toBe(false);

    clock.advance(1);
    await over;
    expect(isOver).toBe(true);
  });

  it('ends with its signal, and leaves no timer behind', async () => {
    const clock = new ManualClock();
    const abort = new AbortController();
    const over = pause(clock, 1_000, abort.signal);

    abort.abort();
    await over;

    expect(clock.pendingTimers).toBe(0);
  });

  it('does not begin when its signal was aborted before', async () => {
    const clock = new ManualClock();

    await pause(clock, 1_000, AbortSignal.abort());

    expect(clock.pendingTimers).toBe(0);
  });
});
