import { Logger } from '@nestjs/common';
import { ManualClock } from '../kernel/index.js';
import type { Webhook } from '../registry/index.js';
import type { DueDelivery } from './due-deliveries.port.js';
import { WaitingForCode } from './waiting-for-code.js';

/** A webhook whose code is not here, and what is due of it. */
function waiting() {
  const clock = new ManualClock();
  const world = {
    isCodeHere: false,
    webhook: { id: 'a', status: 'active', digest: 'digest-1' } as Webhook,
    due: [] as DueDelivery[],
  };
  const watch = new WaitingForCode({
    clock,
    due: { page: () => Promise.resolve(world.due) },
    directory: {
      find: () => world.webhook,
      missingCode: ({ digest }) => (world.isCodeHere ? null : digest),
    },
  });
  /** Half a minute later, when everything that was looked up has been answered. */
  const later = async (): Promise<void> => {
    clock.advance(30_000);
    for (let turns = 0; turns < 5; turns++) await Promise.resolve();
  };
  const dueNow = () => ({ deliveryId: 'dlv_1', webhookId: 'a', dueAt: clock.now() });
  return { clock, dueNow, later, watch, world };
}

describe('what waits for code', () => {
  const warned: string[] = [];

  beforeAll(() => {
    Logger.overrideLogger({
      log: () => undefined,
      error: () => undefined,
      warn: (message: string) => warned.push(message),
    });
  });

  beforeEach(() => {
    warned.length = 0;
  });

  it('is reported when nobody took it for half a minute, once in the log', async () => {
    const { dueNow, later, watch, world } = waiting();
    world.due = [dueNow()];
    watch.meet('a', false);
    expect(watch.webhookIds).toEqual([]);

    await later();
    expect(watch.webhookIds).toEqual(['a']);
    watch.meet('a', false);
    await later();

    expect(watch.webhookIds).toEqual(['a']);
    expect(warned).toEqual([expect.stringMatching(/webhook a .*digest-1/)]);
  });

  it('is not reported when an instance with the code took it', async () => {
    const { dueNow, later, watch, world } = waiting();
    world.due = [dueNow()];
    watch.meet('a', false);
    world.due = [];

    await later();

    expect(watch.webhookIds).toEqual([]);
  });

  it('is reported when a claim has lapsed that nobody can take over', async () => {
    const { later, watch } = waiting();
    watch.meet('a', true);

    await later();

    expect(watch.webhookIds).toEqual(['a']);
  });

  it('goes on when the code is here, or the webhook is no longer active', async () => {
    const { dueNow, later, watch, world } = waiting();
    world.due = [dueNow()];
    watch.meet('a', false);
    await later();
    world.isCodeHere = true;

    await later();

    expect(watch.webhookIds).toEqual([]);
  });

  it('is reported again when it waits again, with no timer in between', async () => {
    const { clock, dueNow, later, watch, world } = waiting();
    world.due = [dueNow()];
    watch.meet('a', false);
    world.isCodeHere = true;
    await later();
    expect(clock.pendingTimers).toBe(0);

    world.isCodeHere = false;
    watch.meet('a', false);
    await later();

    expect(watch.webhookIds).toEqual(['a']);
  });
});
