import fc from 'fast-check';
import type { EnvelopeInput } from './envelope-input.js';
import { standardEnvelope } from './standard-envelope.js';

const EVENT: EnvelopeInput = {
  eventId: '5b2f7d5e-7c52-4c80-9c3c-8c0d3a3d7b11',
  eventType: 'account.opened',
  stream: 'account-1',
  revision: '3',
  tenantId: null,
  occurredAt: '2026-01-01T00:00:00.000Z',
  data: { owner: 'Zoë' },
};

function parsed(input: EnvelopeInput): unknown {
  return JSON.parse(standardEnvelope(input).toString());
}

describe('the Standard envelope', () => {
  it('says what happened when, then the data, then where it comes from', () => {
    expect(standardEnvelope(EVENT).toString()).toBe(
      '{"type":"account.opened","timestamp":"2026-01-01T00:00:00.000Z","data":{"owner":"Zoë"},' +
        '"metadata":{"eventId":"5b2f7d5e-7c52-4c80-9c3c-8c0d3a3d7b11","stream":"account-1","revision":"3"}}',
    );
  });

  it('names the tenant, and marks a replay', () => {
    expect(parsed({ ...EVENT, tenantId: 'acme', isReplay: true })).toMatchObject({
      metadata: { tenantId: 'acme', replay: true },
    });
    expect(parsed({ ...EVENT, isReplay: false })).not.toHaveProperty('metadata.replay');
  });

  it.each([
    [{ $correlationId: 'c', $causationId: 'd' }],
    [{ correlationId: 'c', causationId: 'd' }],
    [{ $correlationId: 'c', correlationId: 'x', causationId: 'd' }],
  ])('takes correlation and causation from the metadata %j', (metadata) => {
    expect(parsed({ ...EVENT, metadata })).toMatchObject({
      metadata: { correlationId: 'c', causationId: 'd' },
    });
  });

  it.each([[null], [undefined], ['text'], [Buffer.from('{}')], [{ $correlationId: 7 }]])(
    'is content with the metadata %p',
    (metadata) => {
      expect(parsed({ ...EVENT, metadata })).not.toHaveProperty('metadata.correlationId');
    },
  );

  it('carries every JSON value as it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (data) => {
        expect(parsed({ ...EVENT, data })).toHaveProperty('data', JSON.parse(JSON.stringify(data)));
      }),
    );
  });

  it('has the same bytes whether the data comes parsed or as the text that it is written as', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('\u2028', '\ud800', '"data":0', '\\u0041'),
    );
    const json = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        fc.constantFrom(null, true, -0, 1e21, 1.5e-9, 2 ** 53 + 1, Number.MAX_VALUE),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        text,
        fc.array(tie('value')),
        fc.dictionary(
          fc.oneof(text, fc.constantFrom('__proto__', 'toJSON', '7', '-1')),
          tie('value'),
        ),
      ),
    })).value;
    fc.assert(
      fc.property(json, text, (value, eventType) => {
        const dataJson = Buffer.from(JSON.stringify(value));
        const data: unknown = JSON.parse(dataJson.toString());
        const written = { ...EVENT, eventType, data: undefined, dataJson };
        expect(standardEnvelope(written)).toEqual(standardEnvelope({ ...EVENT, eventType, data }));
      }),
    );
  });

  it('is the same for the same event', () => {
    expect(standardEnvelope(EVENT).equals(standardEnvelope({ ...EVENT }))).toBe(true);
  });

  it.each([
    ['bytes', Buffer.from([1, 2, 3])],
    ['a Uint8Array', new Uint8Array(3)],
    ['nothing', undefined],
    ['a BigInt', { amount: 1n }],
  ])('cannot be made of %s', (_what, data) => {
    expect(() => standardEnvelope({ ...EVENT, data })).toThrow(
      expect.objectContaining({ code: 'PSH_SENDING_POISON_EVENT' }),
    );
  });

  it('cannot be made of data that contains itself', () => {
    const data: { self?: unknown } = {};
    data.self = data;

    expect(() => standardEnvelope({ ...EVENT, data })).toThrow(
      expect.objectContaining({ code: 'PSH_SENDING_POISON_EVENT' }),
    );
  });

  it('has a largest size, counted in bytes', () => {
    const size = standardEnvelope({ ...EVENT, data: 'é'.repeat(100) }).length;

    expect(standardEnvelope({ ...EVENT, data: 'é'.repeat(100) }, size)).toHaveLength(size);
    for (const data of ['é'.repeat(100), 'x'.repeat(1_000)]) {
      expect(() => standardEnvelope({ ...EVENT, data }, size - 1)).toThrow(
        expect.objectContaining({ code: 'PSH_SENDING_BODY_TOO_LARGE' }),
      );
    }
  });
});
