import { isPosthornError } from '../../kernel/index.js';
import { envelope } from './envelope.js';
import type { EnvelopeInput } from './envelope-input.js';

const EVENT: EnvelopeInput = {
  eventId: 'e1',
  eventType: 'account.opened',
  stream: 'account-1',
  revision: '3',
  tenantId: 'acme',
  occurredAt: '2026-01-01T00:00:00.000Z',
  data: { owner: 'Zoë' },
  metadata: { $correlationId: 'c', $causationId: 'd', version: 'v2' },
};

describe('an event without an envelope', () => {
  it('is its data as it is, and tells the rest in headers', () => {
    const { body, contentType, envelopeHeaders } = envelope('raw', EVENT);

    expect(body.toString()).toBe('{"owner":"Zoë"}');
    expect(contentType).toBe('application/json');
    expect(envelopeHeaders).toEqual({
      'webhook-event-id': 'e1',
      'webhook-event-type': 'account.opened',
      'webhook-event-time': '2026-01-01T00:00:00.000Z',
      'webhook-event-stream': 'account-1',
      'webhook-event-revision': '3',
      'webhook-event-version': 'v2',
      'webhook-event-tenant': 'acme',
      'webhook-correlation-id': 'c',
      'webhook-causation-id': 'd',
    });
  });

  it('may be bytes', () => {
    const { body, contentType } = envelope('raw', { ...EVENT, data: Uint8Array.of(0, 255) });

    expect([contentType, body]).toEqual(['application/octet-stream', Buffer.from([0, 255])]);
  });

  it('is poison where there is nothing', () => {
    expect(() => envelope('raw', { ...EVENT, data: undefined })).toThrow(
      expect.objectContaining({ code: 'PSH_SENDING_POISON_EVENT' }) as Error,
    );
  });

  it('has a limit', () => {
    const codeOf = (data: unknown, maxBodyBytes: number): string | undefined => {
      try {
        envelope('raw', { ...EVENT, data }, maxBodyBytes);
      } catch (error) {
        if (isPosthornError(error)) return error.code;
      }
      return undefined;
    };

    expect(codeOf('123', 5)).toBeUndefined();
    expect(codeOf('1234', 5)).toBe('PSH_SENDING_BODY_TOO_LARGE');
    expect(codeOf(Buffer.alloc(6), 5)).toBe('PSH_SENDING_BODY_TOO_LARGE');
  });

  it('has headers that no name of the application can break', () => {
    const { envelopeHeaders = {} } = envelope('raw', {
      ...EVENT,
      stream: 'konto-Zoë\r\nhost: evil',
      eventType: ' padded ',
      tenantId: '',
      metadata: { correlationId: 'x'.repeat(3_000) },
    });

    expect(envelopeHeaders).toMatchObject({
      'webhook-event-stream': 'konto-Zo%C3%AB%0D%0Ahost: evil',
      'webhook-event-type': '%20padded%20',
    });
    expect(envelopeHeaders).not.toHaveProperty('webhook-event-tenant');
    expect(envelopeHeaders).not.toHaveProperty('webhook-correlation-id');
  });
});
