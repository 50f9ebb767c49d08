import type { RecordedEvent } from '@eventstore/db-client';
import type { LogRecord } from '../embedded/event-log.js';
import { canonicalJsonOf, toResolvedEvent } from './recorded-event.js';

const RECORD: LogRecord = {
  position: 7,
  stream: 'account-1',
  revision: 0,
  id: '5b2f7d5e-7c52-4c80-9c3c-8c0d3a3d7b11',
  type: 'account.opened',
  isJson: true,
  isCanonical: true,
  created: 0,
  data: Buffer.from('{"owner":{"name":"Zoë"}}'),
  metadata: new Uint8Array(0),
};

function event(changes: Partial<LogRecord> = {}): RecordedEvent {
  const { event: recorded } = toResolvedEvent({ event: { ...RECORD, ...changes } });
  if (!recorded) throw new Error('there is no event');
  return recorded;
}

function jsonOf(recorded: RecordedEvent): string | undefined {
  const json = canonicalJsonOf(recorded);
  return json && Buffer.from(json).toString();
}

describe('the data of a recorded event', () => {
  it('is a value like any other', () => {
    const recorded = event();
    expect(Object.keys(recorded)).toContain('data');
    expect({ ...recorded }.data).toEqual({ owner: { name: 'Zoë' } });
    expect(recorded.data).toBe(recorded.data);
    expect(structuredClone(event())).toEqual(event());
    expect(JSON.stringify(event().data)).toBe('{"owner":{"name":"Zoë"}}');
  });

  it('can be read of a frozen event, and not set', () => {
    const frozen = Object.freeze(event()) as { data: unknown };
    expect(frozen.data).toEqual({ owner: { name: 'Zoë' } });
    expect(() => (frozen.data = 1)).toThrow(TypeError);
    expect(frozen.data).toEqual({ owner: { name: 'Zoë' } });
  });

  it('is text where it is no JSON, and bytes where it does not say that it is', () => {
    expect(event({ isCanonical: false, data: Buffer.from('{') }).data).toBe('{');
    expect(event({ isJson: false, isCanonical: false }).data).toEqual(
      new Uint8Array(Buffer.from('{"owner":{"name":"Zoë"}}')),
    );
  });

  it('can be had as the text that it was written as, whatever was done to the parsed one', () => {
    const recorded = event();
    (recorded.data as { owner: unknown }).owner = null;
    expect(jsonOf(recorded)).toBe('{"owner":{"name":"Zoë"}}');
  });

  it('has no such text where it was written by others, or is a copy, or was set', () => {
    const changed = event() as { data: unknown };
    changed.data = { owner: null };
    expect(jsonOf(changed as RecordedEvent)).toBeUndefined();
    expect(jsonOf({ ...event(), data: {} } as RecordedEvent)).toBeUndefined();
    expect(jsonOf(event({ isCanonical: undefined }))).toBeUndefined();
    expect(jsonOf(event({ isCanonical: false }))).toBeUndefined();
  });
});
