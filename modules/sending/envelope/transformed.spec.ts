import { isPosthornError } from '../../kernel/index.js';
import { transformed, TransformedBody } from './transformed.js';

const EVENT = { type: 'order.placed', secret: 'planted' };

function refusalOf(transform: (event: typeof EVENT) => unknown, maxBodyBytes?: number) {
  try {
    transformed(transform, EVENT, maxBodyBytes);
  } catch (error) {
    if (isPosthornError(error)) return error;
  }
  return undefined;
}

describe('the body of a transform', () => {
  it('is what it answers, as JSON', () => {
    expect(transformed(({ type }) => ({ text: type }), EVENT).body.toString()).toBe(
      '{"text":"order.placed"}',
    );
    expect(transformed(({ type }) => type, EVENT).body.toString()).toBe('"order.placed"');
  });

  it.each([
    ['nothing', () => undefined],
    ['null', () => null],
    ['a promise', () => Promise.reject(new Error('late'))],
    ['a function', () => () => 1],
    ['a big number', () => 1n],
    [
      'what refers to itself',
      () => {
        const body: unknown[] = [];
        body.push(body);
        return body;
      },
    ],
  ])('cannot be %s', (_, transform) => {
    expect(refusalOf(transform)?.code).toBe('PSH_SENDING_POISON_EVENT');
  });

  it('that throws is told by the class of the error, which quotes nothing', () => {
    const refusal = refusalOf(({ secret }) => {
      throw new RangeError(`no such thing: ${secret}`);
    });

    expect(refusal?.message).toMatch(/RangeError/u);
    expect(JSON.stringify([refusal, refusal?.message, String(refusal?.cause)])).not.toContain(
      'planted',
    );
  });

  it('has a limit', () => {
    const code = (maxBodyBytes: number) => refusalOf(() => '1234', maxBodyBytes)?.code;

    expect(code(5)).toBe('PSH_SENDING_BODY_TOO_LARGE');
    expect(code(6)).toBeUndefined();
  });

  it('may be of any content type, as text or as bytes', () => {
    const xml = transformed(
      () => new TransformedBody('<a/>', { contentType: 'application/xml; charset=utf-8' }),
      EVENT,
    );
    const bytes = transformed(
      () => new TransformedBody(Uint8Array.of(0, 255), { contentType: 'application/x-protobuf' }),
      EVENT,
    );

    expect([xml.contentType, xml.body.toString()]).toEqual([
      'application/xml; charset=utf-8',
      '<a/>',
    ]);
    expect([bytes.contentType, bytes.body]).toEqual([
      'application/x-protobuf',
      Buffer.from([0, 255]),
    ]);
  });

  it('may have headers, by the rules of static ones', () => {
    const { headers } = transformed(
      ({ type }) => new TransformedBody({}, { headers: { 'X-Event': type } }),
      EVENT,
    );

    expect(headers).toEqual({ 'X-Event': 'order.placed' });
  });

  it.each([
    { host: 'a' },
    { 'Content-Length': '1' },
    { 'content-type': 'text/html' },
    { 'webhook-id': 'a' },
    { Traceparent: '00' },
    { 'a b': 'c' },
    { 'x-a': 'a\r\nhost: b' },
    { 'x-a': 1 as never },
    { 'x-a': 'a'.repeat(4_097) },
  ])('has none of the headers %j', (headers) => {
    expect(refusalOf(() => new TransformedBody({}, { headers }))?.code).toBe(
      'PSH_SENDING_POISON_EVENT',
    );
  });

  it.each(['', 'json', 'text/plain\r\nx: y', 'a/b'.repeat(100)])(
    'has no content type such as %j',
    (contentType) => {
      expect(refusalOf(() => new TransformedBody('', { contentType }))?.code).toBe(
        'PSH_SENDING_POISON_EVENT',
      );
    },
  );
});
