import { isPosthornError } from '../../kernel/index.js';
import { transformedBody } from './transformed-body.js';

const EVENT = { type: 'order.placed', secret: 'planted' };

function refusalOf(transform: (event: typeof EVENT) => unknown, maxBodyBytes?: number) {
  try {
    transformedBody(transform, EVENT, maxBodyBytes);
  } catch (error) {
    if (isPosthornError(error)) return error;
  }
  return undefined;
}

describe('the body of a transform', () => {
  it('is what it answers, as JSON', () => {
    expect(transformedBody(({ type }) => ({ text: type }), EVENT).toString()).toBe(
      '{"text":"order.placed"}',
    );
    expect(transformedBody(({ type }) => type, EVENT).toString()).toBe('"order.placed"');
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
});
