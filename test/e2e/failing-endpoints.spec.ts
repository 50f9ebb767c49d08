import { type IEventHandler, EventBus } from '@nestjs/cqrs';
import { EndpointFailing, EndpointRecovered } from '../../src/index.js';
import { DeliveryWorld, type Life } from '../support/delivery-world.js';

/** What was published of endpoints. */
class Heard implements IEventHandler<EndpointFailing | EndpointRecovered> {
  readonly events: string[] = [];

  handle(event: EndpointFailing | EndpointRecovered): void {
    this.events.push(
      event instanceof EndpointFailing ? `failing ${event.data.stage}` : 'recovered',
    );
  }
}

describe('an endpoint that fails every attempt for too long', () => {
  let world: DeliveryWorld;
  let heard: Heard;
  let isMended: boolean;

  const start = async (disableAfterMs: number): Promise<Life> => {
    const life = await world.start({ disableAfterMs });
    life.app.get(EventBus).subscribe((event: unknown) => {
      const isOfEndpoint = event instanceof EndpointFailing || event instanceof EndpointRecovered;
      if (isOfEndpoint) heard.handle(event);
    });
    await world.register(life, 'a', (webhook) =>
      webhook.withRetry({ kind: 'fixed', attempts: 100, delayMs: 100 }),
    );
    return life;
  };

  beforeEach(async () => {
    world = await DeliveryWorld.create();
    heard = new Heard();
    isMended = false;
    world.receiver.behave('/a', (_request, response) => {
      response.writeHead(isMended ? 204 : 400 + 8).end();
    });
  });

  afterEach(async () => {
    await world.end();
  });

  it('is warned of, and its webhook disabled; what it missed is not lost, and resuming begins anew', async () => {
    const life = await start(1_000);
    await world.append();
    while ((await life.webhooks.get('a')).status !== 'disabled') {
      await new Promise(setImmediate);
    }
    expect(await life.webhooks.get('a')).toMatchObject({ disabledReason: 'failing' });
    expect(heard.events.at(-1)).toBe('failing 4');
    expect(new Set(heard.events).size).toBe(heard.events.length);

    isMended = true;
    await life.webhooks.resume('a');
    await world.untilRecorded(1, 'DeliverySucceeded');
    expect(heard.events).not.toContain('recovered');
  });

  it('is said to have recovered once it answers again', async () => {
    await start(3_000);
    await world.append();
    while (!heard.events.includes('failing 1')) await new Promise(setImmediate);
    isMended = true;
    while (!heard.events.includes('recovered')) await new Promise(setImmediate);

    expect(heard.events).toEqual(['failing 1', 'recovered']);
  });
});
