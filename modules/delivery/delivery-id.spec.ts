import fc from 'fast-check';
import { deliveryIdAt, deliveryIdOf } from './delivery-id.js';

const identities = fc.record({
  webhookId: fc.string({ minLength: 1 }),
  registration: fc.integer({ min: 1, max: 1_000 }),
  stream: fc.string({ minLength: 1 }),
  eventId: fc.uuid(),
});

describe('the id of a delivery', () => {
  it('is a function of webhook, registration, source stream and event id', () => {
    fc.assert(
      fc.property(identities, identities, (a, b) => {
        const isSame = JSON.stringify(a) === JSON.stringify(b);
        expect(deliveryIdOf(a) === deliveryIdOf(b)).toBe(isSame);
        expect(deliveryIdOf({ ...a })).toBe(deliveryIdOf(a));
      }),
    );
  });

  it('keeps parts apart that would read the same when joined', () => {
    const rest = { registration: 1, eventId: 'e' };

    expect(deliveryIdOf({ ...rest, webhookId: 'ab', stream: 'c' })).not.toBe(
      deliveryIdOf({ ...rest, webhookId: 'a', stream: 'bc' }),
    );
  });

  it('has no full stop, because Standard Webhooks signs id.timestamp.body', () => {
    fc.assert(
      fc.property(identities, (identity) => {
        expect(deliveryIdOf(identity)).toMatch(/^dlv_[A-Za-z0-9_-]{27}$/);
      }),
    );
  });

  it('lies where a fraction of all ids says: as many before it as the fraction has', () => {
    const ids = Array.from({ length: 20_000 }, (_id, index) =>
      deliveryIdOf({ webhookId: 'a', registration: 1, stream: 's', eventId: String(index) }),
    );
    for (const fraction of [0, 1 / 3, 0.5, 0.9, 1]) {
      const place = deliveryIdAt(fraction);
      const before = ids.filter((id) => id < place).length / ids.length;
      expect(Math.abs(before - fraction)).toBeLessThan(0.02);
    }
  });
});
