import { type CloudEvent, HTTP } from 'cloudevents';
import fc from 'fast-check';
import { isPosthornError } from '../../kernel/index.js';
import { CLOUD_EVENT_CONTENT_TYPE, cloudEvent } from './cloud-event.js';
import type { EnvelopeInput } from './envelope-input.js';

const EVENT: EnvelopeInput = {
  eventId: '5b2f7d5e-7c52-4c80-9c3c-8c0d3a3d7b11',
  eventType: 'account.opened',
  stream: 'account-1',
  revision: '3',
  tenantId: 'acme',
  occurredAt: '2026-01-01T00:00:00.000Z',
  data: { owner: 'Zoë' },
  metadata: { $correlationId: 'c', $causationId: 'd', schemaVersion: 2 },
};

/** What the official SDK makes of it. */
function parsed(input: EnvelopeInput): CloudEvent<unknown> {
  const headers = { 'content-type': CLOUD_EVENT_CONTENT_TYPE };
  return HTTP.toEvent({ headers, body: cloudEvent(input).toString() }) as CloudEvent<unknown>;
}

function codeOf(input: EnvelopeInput, maxBodyBytes?: number): string | undefined {
  try {
    cloudEvent(input, maxBodyBytes);
  } catch (error) {
    if (isPosthornError(error)) return error.code;
  }
  return undefined;
}

describe('an event as a CloudEvent', () => {
  it('says what happened where and when, and the rest in extensions', () => {
    expect(JSON.parse(cloudEvent({ ...EVENT, isReplay: true }).toString())).toEqual({
      specversion: '1.0',
      id: '5b2f7d5e-7c52-4c80-9c3c-8c0d3a3d7b11',
      source: '/streams/account-1',
      type: 'account.opened',
      subject: 'account-1',
      time: '2026-01-01T00:00:00.000Z',
      datacontenttype: 'application/json',
      tenantid: 'acme',
      correlationid: 'c',
      causationid: 'd',
      typeversion: '2',
      revision: '3',
      replay: true,
      data: { owner: 'Zoë' },
    });
  });

  it('says nothing of what is not known', () => {
    const event = parsed({ ...EVENT, tenantId: null, metadata: undefined });

    expect(Object.keys(event)).not.toEqual(
      expect.arrayContaining([
        expect.stringMatching(/tenantid|correlation|causation|typeversion|replay/u),
      ]),
    );
    expect(event).toMatchObject({ revision: '3' });
  });

  it('is what the official SDK parses, whatever the names and the data', () => {
    const text = fc.string({ minLength: 1, unit: 'binary' });
    const input = fc.record({
      eventType: text,
      stream: text,
      tenantId: fc.option(text),
      // Of other data the SDK takes what is falsy for none.
      data: fc.dictionary(text, fc.jsonValue()),
      metadata: fc.option(
        fc.record({ $correlationId: text, version: fc.integer() }, { requiredKeys: [] }),
      ),
    });
    fc.assert(
      fc.property(input, (some) => {
        const event = parsed({ ...EVENT, ...some });
        expect(event.validate()).toBe(true);
        expect(JSON.stringify(event.data)).toBe(JSON.stringify(some.data));
        expect(event.source).toMatch(/^\/streams\/[\w%.!~*'()-]+$/u);
        expect(JSON.stringify(event.subject)).not.toMatch(/\\u00[01]/u);
      }),
    );
  });

  it.each([
    ['bytes', Uint8Array.of(1)],
    ['nothing', undefined],
    ['what is nested too deeply', JSON.parse(`${'['.repeat(50_000)}${']'.repeat(50_000)}`)],
  ])('cannot hold %s', (_, data: unknown) => {
    expect(codeOf({ ...EVENT, data })).toBe('PSH_SENDING_POISON_EVENT');
  });

  it('cannot be without a type', () => {
    expect(codeOf({ ...EVENT, eventType: '' })).toBe('PSH_SENDING_POISON_EVENT');
  });

  it('has a limit in bytes, and equal input gives equal bytes', () => {
    const body = cloudEvent(EVENT);

    expect(cloudEvent(EVENT, body.length)).toEqual(body);
    expect(codeOf(EVENT, body.length - 1)).toBe('PSH_SENDING_BODY_TOO_LARGE');
  });
});
