import { inspect } from 'node:util';
import {
  type DefinitionBuilder,
  type SenderHook,
  type SignedRequest,
  TestWebhook,
  verifyWebhook,
  Webhook,
  type WebhookDefinition,
} from '../../src/index.js';
import { DeliveryWorld, type Life } from '../support/delivery-world.js';

/** Names that resolve to nothing: what is dialled fails. */
const URL = 'https://queue.invalid/orders';

class QueueFull extends Error {}

/** A queue of the application: it takes in what it gets, but for an event that asks for trouble the first time. */
class Queue {
  readonly taken: SignedRequest[] = [];
  readonly #refused = new Set<string>();

  readonly send: SenderHook = (request) => {
    const { body, deliveryId, headers } = request;
    const isTrouble = body.toString().includes('trouble');
    if (isTrouble && !this.#refused.has(deliveryId)) {
      this.#refused.add(deliveryId);
      throw new QueueFull(`planted-words ${String(headers['authorization'])} ${body.toString()}`);
    }
    this.taken.push(request);
    const told = `queued with ${String(headers['authorization'])}`;
    return Promise.resolve({ status: 202, headers: { 'X-Queue': 'orders' }, body: told });
  };
}

describe('a webhook with a sender hook', () => {
  const queue = new Queue();
  let world: DeliveryWorld;
  let life: Life;

  beforeAll(async () => {
    world = await DeliveryWorld.create();

    @Webhook({ id: 'queued' })
    class QueuedWebhook implements WebhookDefinition {
      define(webhook: DefinitionBuilder): void {
        webhook
          .toUrl(URL)
          .withEventType('order.*')
          .withBearerToken('planted-token')
          .withRetry({ kind: 'fixed', attempts: 3, delayMs: 1 })
          .withSender(queue.send, { version: '1' });
      }
    }

    life = await world.start({}, undefined, [QueuedWebhook]);
  });

  afterEach(() => {
    queue.taken.length = 0;
  });

  afterAll(() => world.end());

  it('is given the signed request of a delivery, and what it answers is recorded', async () => {
    await world.append({ total: 7 });
    const [story] = await world.untilRecorded(1, 'DeliverySucceeded');

    const [request] = queue.taken;
    const { body = '', headers = {} } = request ?? {};
    const secret = await life.webhooks.revealSigningSecret('queued');
    expect(verifyWebhook({ payload: body, headers, secret })).toMatchObject({
      type: 'order.placed',
      data: { total: 7 },
    });
    expect(headers['authorization']).toBe('Bearer planted-token');
    expect(request).toMatchObject({
      webhookId: 'queued',
      deliveryId: headers['webhook-id'],
      tenantId: null,
      eventType: 'order.placed',
      url: URL,
      isReplay: false,
    });
    expect(story?.find(({ type }) => type === 'DeliveryAttempted')).toMatchObject({
      data: {
        attempt: {
          url: URL,
          statusCode: 202,
          errorClass: null,
          remoteAddress: null,
          responseHeaders: { 'x-queue': 'orders' },
          responseBody: 'queued with Bearer [masked]',
        },
      },
    });
  });

  it('is asked again after it threw, under the same id, and none of its words is recorded', async () => {
    await world.append({ note: 'trouble' });
    await world.untilRecorded(2, 'DeliverySucceeded');

    const [request] = queue.taken;
    const recorded = await world.recorded();
    const story = recorded.get(world.names.delivery(request?.deliveryId ?? ''));
    expect(story?.find(({ type }) => type === 'DeliveryAttempted')?.data).toMatchObject({
      number: 1,
      attempt: {
        statusCode: null,
        errorClass: 'sender_error',
        errorMessage: 'the sender hook threw QueueFull',
      },
    });
    const told = inspect([...recorded], { depth: 9 });
    expect(told).not.toMatch(/planted|trouble/u);
  });

  it('carries test calls too', async () => {
    const result = await life.commands.execute(new TestWebhook('queued'));

    expect(result).toMatchObject({ isSuccess: true, statusCode: 202, remoteAddress: null });
    expect(queue.taken.map(({ deliveryId }) => deliveryId)).toEqual([result.messageId]);
  });

  it('is declared in code: a registration with one is refused, with the fix', async () => {
    const registration = life.webhooks.register('api', URL, (webhook) =>
      webhook.withEventType('order.*').withSender(queue.send),
    );

    await expect(registration).rejects.toMatchObject({
      code: 'PSH_REGISTRY_INVALID_DEFINITION',
      problems: [{ field: 'sender', fix: expect.stringContaining('@Webhook') as string }],
    });
  });
});
