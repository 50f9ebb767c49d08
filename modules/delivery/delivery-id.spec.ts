import fc from 'fast-check';
import { deliveryIdOf } from './delivery-id.js';

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
});
