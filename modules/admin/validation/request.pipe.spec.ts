import { IsArray, IsInt, IsString, MinLength } from 'class-validator';
import fc from 'fast-check';
import { PosthornError } from '../../kernel/index.js';
import { Field } from './field.decorator.js';
import { RequestPipe } from './request.pipe.js';

class ItemRequest {
  @Field({ rule: 'a text' }, IsString(), MinLength(1))
  readonly name!: string;

  @Field({ rule: 'any JSON value', isOptional: true })
  readonly data?: unknown;
}

class OrderRequest {
  @Field({ rule: 'a whole number' }, IsInt())
  readonly count!: number;

  @Field({ rule: 'a list of items', nested: () => ItemRequest, isArray: true }, IsArray())
  readonly items!: readonly ItemRequest[];

  @Field({ rule: 'one item', nested: () => ItemRequest, isOptional: true })
  readonly extra?: ItemRequest;
}

const pipe = new RequestPipe();

function transform(value: unknown) {
  return pipe.transform(value, { type: 'body', metatype: OrderRequest }) as Promise<OrderRequest>;
}

async function refusal(value: unknown): Promise<PosthornError> {
  try {
    await transform(value);
  } catch (error) {
    if (error instanceof PosthornError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

async function fieldsRefused(value: unknown): Promise<readonly string[]> {
  return (await refusal(value)).problems.map(({ field }) => field).sort();
}

describe('RequestPipe', () => {
  it('makes instances of the request class, nested ones too', async () => {
    const request = await transform({ count: 1, items: [{ name: 'a' }], extra: { name: 'b' } });

    expect(request).toBeInstanceOf(OrderRequest);
    expect(request.items[0]).toBeInstanceOf(ItemRequest);
    expect(request.extra).toBeInstanceOf(ItemRequest);
  });

  it('reports every mistake at once, with its path and its fix', async () => {
    const error = await refusal({ count: '1', items: [{ name: 'a' }, { name: '' }], bogus: true });

    expect(error.code).toBe('PSH_API_INVALID_INPUT');
    expect(error.problems).toEqual(
      expect.arrayContaining([
        { field: 'count', message: 'must be a whole number', fix: 'Give a whole number.' },
        { field: 'items[1].name', message: 'must be a text', fix: 'Give a text.' },
        {
          field: 'bogus',
          message: 'is not a known field',
          fix: 'Remove it. Known are: count, items, extra.',
        },
      ]),
    );
    expect(error.problems).toHaveLength(3);
  });

  it('takes null for a value, not for an absent field', async () => {
    expect(await fieldsRefused({ count: null, items: null, extra: null })).toEqual([
      'count',
      'extra',
      'items',
    ]);
  });

  it('refuses things that are not objects where objects belong', async () => {
    expect(await fieldsRefused([])).toEqual(['']);
    expect(await fieldsRefused('text')).toEqual(['']);
    expect(await fieldsRefused({ count: 1, items: ['a', null, []] })).toEqual([
      'items[0]',
      'items[1]',
      'items[2]',
    ]);
  });

  it('refuses field names that would steer the object itself', async () => {
    const hostile: unknown = JSON.parse(
      '{"count":1,"items":[],"__proto__":{"x":1},"constructor":{"name":"x"},"toString":1}',
    );

    expect(await fieldsRefused(hostile)).toEqual(['__proto__', 'constructor', 'toString']);
    expect(Reflect.get({}, 'x')).toBeUndefined();
  });

  it('refuses what is nested deeper than anything that means something, however deep', async () => {
    let data: unknown = 1;
    for (let depth = 0; depth < 100_000; depth++) data = [data];

    const error = await refusal({ count: 1, items: [{ name: 'a', data }] });

    expect(error.code).toBe('PSH_API_BODY_TOO_DEEP');
  });

  it('names a bounded number of problems', async () => {
    const bogus = Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`x${n}`, n]));

    expect((await refusal(bogus)).problems).toHaveLength(100);
  });

  it('passes open values on exactly as they were sent', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ maxDepth: 6 }), async (data) => {
        const sent = JSON.stringify({ count: 1, items: [{ name: 'a', data }] });

        const request = await transform(JSON.parse(sent));

        expect(JSON.stringify(request.items[0]?.data)).toBe(JSON.stringify(data));
      }),
    );
    const awkward = '{"__proto__":{"a":1},"constructor":[null],"":0}';
    const request = await transform({
      count: 1,
      items: [{ name: 'a', data: JSON.parse(awkward) as unknown }],
    });
    expect(JSON.stringify(request.items[0]?.data)).toBe(awkward);
  });
});
