import fc from 'fast-check';
import type { SourceEvent } from '../source-event.js';
import { askExpression, isTruthy } from './expression.js';
import { isMistake, readExpression } from './expression-tree.js';

function eventWith(data: unknown): SourceEvent {
  return {
    id: 'e1',
    type: 'order.placed',
    stream: 'order-1',
    revision: '0',
    tenantId: null,
    timestamp: '1970-01-01T00:00:00.000Z',
    data,
    metadata: undefined,
  };
}

function mistakeOf(text: string): string {
  const read = readExpression(text);
  return isMistake(read) ? read.message : '';
}

function outcomeOf(text: string, data: unknown): string {
  if (mistakeOf(text) !== '') return 'mistake';
  try {
    JSON.stringify(askExpression(text, eventWith(data)));
    return 'answer';
  } catch (error) {
    return error instanceof Error ? 'error' : 'unknown';
  }
}

describe('an expression', () => {
  const event = eventWith({
    total: 12,
    lines: [
      { sku: 'b', count: 2 },
      { sku: 'a', count: 10 },
    ],
  });

  it.each([
    ['type', 'order.placed'],
    ["type == 'order.placed' && data.total > `10`", true],
    ['data.total > `12`', false],
    ['data.lines[?count > `5`].sku', ['a']],
    ['sort(data.lines[].count)', [2, 10]],
    ['sort_by(data.lines, &sku)[0].count', 10],
    ["join('-', data.lines[].sku)", 'b-a'],
    ['{text: to_string(data.total), stream: $.stream}', { text: '12', stream: 'order-1' }],
    ['data.lines[0] == data.lines[1]', false],
    ['data.missing', null],
    ['data.total ? data.lines[0].sku : `null`', 'b'],
  ])('%s', (text, answer) => {
    expect(askExpression(text, event)).toEqual(answer);
  });

  it.each(['constructor', '__proto__', 'data.toString', 'data.hasOwnProperty'])(
    'finds no field %s that the event does not have',
    (text) => {
      expect(askExpression(text, event)).toBeNull();
    },
  );

  it.each([
    [null, false],
    [false, false],
    ['', false],
    [[], false],
    [{}, false],
    [0, true],
    [' ', true],
    [[null], true],
    [true, true],
  ])('answers %j, which counts as %s', (answer, truth) => {
    expect(isTruthy(answer)).toBe(truth);
  });
});

describe('a text that is no expression', () => {
  it.each([
    ['', 'ends before it is complete'],
    ['data.', 'ends before it is complete'],
    ['length(data', 'ends before it is complete'],
    ['data total', 'character 6: unexpected "total"'],
    ['data.total)', 'character 11: unexpected ")"'],
    ['data.total > > `1`', 'character 14: unexpected "> `1`"'],
    ['data.#', 'character 6: unexpected "#"'],
    ['nothing(data)', 'there is no function nothing()'],
    ['constructor(data)', 'there is no function constructor()'],
    ["pad_left(type, `1000000000`, 'x')", 'there is no function pad_left()'],
    ['let $x = data in $x', '`let` and variables'],
    ['a'.repeat(4_097), 'longer than 4096 characters'],
    ['!'.repeat(80) + 'a', 'nested deeper'],
    [Array.from({ length: 300 }, () => 'a').join('||'), 'nested deeper'],
  ])('%j is told what is wrong', (text, message) => {
    expect(mistakeOf(text)).toContain(message);
  });

  it('never breaks what reads it, nor what evaluates it', () => {
    const piece = fc.constantFrom(
      ...[
        'data',
        'a',
        '.',
        '[',
        ']',
        '*',
        '?',
        '`1`',
        "'x'",
        '|',
        '&&',
        '||',
        '!',
        '(',
        ')',
        '@',
        '$',
      ],
      ...[
        'length',
        'map',
        'sort_by',
        'to_string',
        '&',
        ',',
        '{',
        '}',
        ':',
        '==',
        '>',
        '+',
        '-',
        ' ',
      ],
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), fc.jsonValue(), (pieces, data) => {
        expect(['answer', 'error', 'mistake']).toContain(outcomeOf(pieces.join(''), data));
      }),
      { numRuns: 500 },
    );
  });
});

describe('an expression that would never end, or fill the memory', () => {
  const many = eventWith(Array.from({ length: 5_000 }, (_, index) => ({ index, data: 'x' })));
  const doubled = (start: string, step: string, times: number): string =>
    [start, ...Array.from({ length: times }, () => step)].join(' | ');

  it.each([
    ['nested projections', 'data[*].{x: $.data[*].{y: $.data[?index == `3`]}}'],
    ['a list that doubles', doubled('data', '[@, @][]', 24)],
    ['a value that holds itself twice, written out', doubled('data', '[@, @]', 24)],
    ['the same, as text', `to_string(${doubled('data', '[@, @]', 24)})`],
    ['the same, compared', doubled('data', '[@, @]', 22) + ' | @ == @ || [@[0], @[0]] == @'],
    ['a text that doubles', doubled("'xxxxxxxxxxxxxxxx'", "join('', [@, @])", 24)],
    ['sorting by an expression that costs', 'sort_by(data, &length($.data[].index))'],
    ['a text as a list', "split(join('', $.data[].data), '') | [@, @, @, @][][] | [@, @, @, @][]"],
  ])('is stopped: %s', (_, text) => {
    expect(mistakeOf(text)).toBe('');
    const begun = process.cpuUsage();
    let failure: unknown;
    try {
      askExpression(text, many);
    } catch (error) {
      failure = error;
    }
    const { system, user } = process.cpuUsage(begun);

    expect(failure).toBeInstanceOf(Error);
    expect((user + system) / 1_000).toBeLessThan(2_000);
  });

  it('leaves room for what is usual', () => {
    expect(askExpression('length(data[?index >= `10`].{i: index})', many)).toBe(4_990);
  });
});
