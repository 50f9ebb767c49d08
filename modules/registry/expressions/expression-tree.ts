import { compile, tokenize } from '@jmespath-community/jmespath';

/** What an expression is made of, once it is read. */
export type ExpressionTree = ReturnType<typeof compile>;

/** Why a text is no expression that can be used. */
export interface ExpressionMistake {
  readonly message: string;
  readonly fix: string;
}

/** Bounds of an expression. */
export const EXPRESSION_LIMITS = {
  /** UTF-16 units. */
  length: 4_096,
  /** How deep its parts are nested. */
  depth: 64,
  parts: 500,
} as const;

/**
 * The functions of JMESPath that an expression may call. The others can be made to take time or memory out of proportion
 * to what they are given.
 */
const FUNCTIONS: ReadonlySet<string> = new Set([
  ...['abs', 'avg', 'ceil', 'contains', 'ends_with', 'find_first', 'find_last', 'floor'],
  ...['from_items', 'group_by', 'items', 'join', 'keys', 'length', 'lower', 'map', 'max', 'max_by'],
  ...['merge', 'min', 'min_by', 'not_null', 'reverse', 'sort', 'sort_by', 'split', 'starts_with'],
  ...['sum', 'to_array', 'to_number', 'to_string', 'type', 'upper', 'values', 'zip'],
]);

/** `let` and its variables: they escape the budget under which an expression is evaluated. */
const REFUSED_PARTS: ReadonlySet<string> = new Set(['LetExpression', 'Binding', 'Variable']);

const SEE = 'See https://jmespath.org.';

/** Reads an expression. It says where it cannot be read. */
export function readExpression(text: string): ExpressionTree | ExpressionMistake {
  if (text.length > EXPRESSION_LIMITS.length) {
    return {
      message: `the expression is longer than ${EXPRESSION_LIMITS.length} characters`,
      fix: 'Shorten it.',
    };
  }
  let tree: ExpressionTree;
  try {
    tree = compile(text);
  } catch (error) {
    return error instanceof RangeError ? tooMuch() : unreadable(text, error);
  }
  return mistakeIn(tree) ?? tree;
}

/** Whether what was read is a mistake. */
export function isMistake(read: ExpressionTree | ExpressionMistake): read is ExpressionMistake {
  return 'message' in read;
}

function mistakeIn(tree: ExpressionTree): ExpressionMistake | undefined {
  const pending: { readonly part: unknown; readonly depth: number }[] = [{ part: tree, depth: 1 }];
  let parts = 0;
  for (let next = pending.pop(); next; next = pending.pop()) {
    const { depth, part } = next;
    if (!isPart(part)) continue;
    parts += 1;
    if (parts > EXPRESSION_LIMITS.parts || depth > EXPRESSION_LIMITS.depth) return tooMuch();
    const mistake = mistakeAt(part);
    if (mistake) return mistake;
    if (part.type === 'Literal') continue;
    for (const child of Object.values(part).flat()) pending.push({ part: child, depth: depth + 1 });
  }
  return undefined;
}

interface Part {
  readonly type: string;
  readonly name?: unknown;
}

function isPart(value: unknown): value is Part {
  return typeof value === 'object' && value !== null && 'type' in value;
}

function mistakeAt({ name, type }: Part): ExpressionMistake | undefined {
  if (REFUSED_PARTS.has(type)) {
    return { message: '`let` and variables are not offered', fix: 'Write it without them.' };
  }
  if (type !== 'Function' || FUNCTIONS.has(String(name))) return undefined;
  return {
    message: `there is no function ${String(name).slice(0, 64)}()`,
    fix: `The functions are: ${[...FUNCTIONS].join(', ')}.`,
  };
}

function tooMuch(): ExpressionMistake {
  const { depth, parts } = EXPRESSION_LIMITS;
  return {
    message: `the expression is nested deeper than ${depth} levels, or has more than ${parts} parts`,
    fix: 'Make it simpler, or say it with a function in a webhook that is declared in code.',
  };
}

/** Says where: the library does not. What a longer beginning of the text can repair is no mistake yet. */
function unreadable(text: string, error: unknown): ExpressionMistake {
  const start = startOfMistake(text, error);
  if (start === undefined) {
    return { message: 'the expression ends before it is complete', fix: SEE };
  }
  const found = JSON.stringify(text.slice(start, start + 16));
  return {
    message: `the expression cannot be read at character ${start + 1}: unexpected ${found}`,
    fix: SEE,
  };
}

function startOfMistake(text: string, error: unknown): number | undefined {
  if (nameOf(error) === 'LexerError') {
    for (let length = 1; length < text.length; length++) {
      if (isUnknownCharacter(text.slice(0, length))) return length - 1;
    }
    return text.length - 1;
  }
  const starts = tokenize(text).map(({ start }) => start);
  // Once a beginning is wrong, every longer one is: the first wrong token is found by halving.
  let [right, wrong] = [0, starts.length];
  while (right < wrong) {
    const middle = Math.floor((right + wrong) / 2);
    if (isWrongBeginning(text.slice(0, starts[middle + 1] ?? text.length))) wrong = middle;
    else right = middle + 1;
  }
  const start = starts[wrong] ?? text.length;
  return start < text.length ? start : undefined;
}

function isWrongBeginning(text: string): boolean {
  try {
    compile(text);
    return false;
  } catch (error) {
    return !(error instanceof Error && error.message.includes('EOF'));
  }
}

function isUnknownCharacter(text: string): boolean {
  try {
    tokenize(text);
    return false;
  } catch (error) {
    return error instanceof Error && error.message.includes('unknown character');
  }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : '';
}
