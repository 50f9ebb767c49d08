import { newEvents, StreamNames } from './index.js';

describe('the names of streams', () => {
  const names = new StreamNames('orders.');
  const event = { streamId: 'order-1', type: 'OrderPlaced', metadata: undefined };

  it('tell deliveries, webhooks and replays by their streams', () => {
    expect(names.deliveryIdOf(names.delivery('d'))).toBe('d');
    expect(names.webhookIdOf(names.webhook('w'))).toBe('w');
    expect(names.replayIdOf(names.replay('r'))).toBe('r');
    expect(names.deliveryIdOf('posthorn.delivery-d')).toBeUndefined();
  });

  it('give each prefix a consumer group of its own', () => {
    expect(new StreamNames().groupName).toBe('posthorn');
    expect(new StreamNames('orders.eu.').groupName).toBe('orders.eu');
  });

  it('leave the events of the application to the application', () => {
    expect(names.isOfApplication(event)).toBe(true);
    expect(names.isOfApplication({ ...event, metadata: { recordedBy: 'me' } })).toBe(true);
    expect(names.isOfApplication({ ...event, metadata: new Uint8Array([1]) })).toBe(true);
    expect(names.isOfApplication({ ...event, streamId: 'posthorn.orders' })).toBe(true);
  });

  it('know the events of the event store, and those of every installation of Posthorn', () => {
    const [own] = newEvents([{ type: 'DeliverySucceeded', data: {} }]);

    expect(names.isOfApplication({ ...event, streamId: '$settings' })).toBe(false);
    expect(names.isOfApplication({ ...event, type: '$>' })).toBe(false);
    expect(names.isOfApplication({ ...event, streamId: 'orders.feed' })).toBe(false);
    const theirs = { streamId: 'posthorn.delivery-d', type: 'DeliverySucceeded' };
    expect(names.isOfApplication({ ...theirs, metadata: own?.metadata ?? {} })).toBe(false);
  });
});
