import { inspect } from 'node:util';
import { jest } from '@jest/globals';
import { GetDelivery, type SecretRequest, secretRef } from '../../src/index.js';
import { DeliveryWorld } from '../support/delivery-world.js';
import { eventually } from '../support/rest-server.js';

/** Each test starts a whole application, on a machine that may be busy. */
jest.setTimeout(60_000);

describe('a webhook whose token is in a vault', () => {
  let world: DeliveryWorld;

  beforeEach(async () => {
    world = await DeliveryWorld.create();
  });

  afterEach(async () => {
    await world.end();
  });

  it('waits while the vault is down, at the cost of no attempt, and goes on with what it answers then', async () => {
    let isDown = true;
    const resolve = ({ reference }: SecretRequest): string => {
      if (isDown) throw new Error('the vault is down');
      return `token-of-${reference}`;
    };
    const life = await world.start({ secretResolver: { resolve } });
    await world.register(life, 'orders', (webhook) =>
      webhook.withBearerToken(secretRef('vault:orders')),
    );
    await world.append();
    await world.untilRecorded(1, 'DeliveryPostponed');
    expect(world.receiver.requests).toEqual([]);

    isDown = false;
    const [events = []] = await world.untilRecorded(1, 'DeliverySucceeded');
    const attempts = events.filter(({ type }) => type === 'DeliveryAttempted');
    expect(attempts).toHaveLength(1);
    const [request] = world.receiver.at('/orders');
    expect(request?.headers.authorization).toBe('Bearer token-of-vault:orders');
    expect(inspect(events, { depth: null })).not.toContain('token-of');
    const [first] = events as unknown as readonly { data: { origin: { deliveryId: string } } }[];
    const read = () => life.queries.execute(new GetDelivery(first?.data.origin.deliveryId ?? ''));
    await eventually(async () => (await read())?.status === 'succeeded');
    expect((await read())?.decisions).toMatchObject([
      { kind: 'postponed', reason: 'secret_unavailable' },
    ]);
  });
});
