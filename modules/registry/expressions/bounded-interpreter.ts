import {
  type InputSignature,
  type JSONValue,
  TreeInterpreter,
  TYPE_ANY,
  TYPE_ARRAY,
  TYPE_STRING,
} from '@jmespath-community/jmespath';
import type { ExpressionTree } from './expression-tree.js';

/** What one evaluation may cost: about one unit for each part that is looked at, and for what it makes. */
const BUDGET = 250_000;
/** Elements of a list, and characters of a text, that cost one unit. */
const ELEMENTS_PER_UNIT = 4;
const CHARACTERS_PER_UNIT = 16;

type Interpreter = typeof TreeInterpreter;
type Visited = Parameters<Interpreter['visit']>[1];
type Result = ReturnType<Interpreter['visit']>;

/** An expression costs more than it may. */
export class ExpressionTooCostly extends Error {
  override readonly name = 'ExpressionTooCostly';
}

// The library exports its one interpreter, whose class is what is needed: one that counts.
const TreeInterpreterClass = TreeInterpreter.constructor as new () => Interpreter;

/**
 * Evaluates expressions that somebody else wrote on data that somebody else chose, within a budget.
 *
 * JMESPath always ends, but not soon: nested projections multiply, `[@, @][]` doubles what it is given each time, and a
 * value that holds another twice is compared, or written, once for every way to it. Every part that is looked at and
 * everything that is made is paid for; what could jump over the budget in one step is refused before it is done.
 */
class BoundedInterpreter extends TreeInterpreterClass {
  #left = BUDGET;

  constructor() {
    super();
    this.#replace('join', ([glue, list]) => this.#join(glue, list), [TYPE_STRING, TYPE_ARRAY]);
    this.#replace('sort', ([list]) => sorted(list), [TYPE_ARRAY]);
    this.#replace('to_string', ([value]) => this.#text(value), [TYPE_ANY]);
  }

  /** @throws ExpressionTooCostly, and what the expression itself leads to */
  evaluate(tree: ExpressionTree, value: unknown): unknown {
    this.#left = BUDGET;
    try {
      const result = this.search(tree, value as JSONValue);
      // Whoever writes it out, or looks at it, must not be surprised.
      this.#spendTree(result);
      return result;
    } finally {
      // It would hold on to the last event.
      this.#left = BUDGET;
      this.search(NOTHING, null);
    }
  }

  override visit(node: ExpressionTree, value: Visited): Result {
    this.#spend(1);
    const result = this.#visit(node, value);
    if (Array.isArray(result)) this.#spend(result.length / ELEMENTS_PER_UNIT);
    else if (typeof result === 'string') this.#spend(result.length / CHARACTERS_PER_UNIT);
    return result;
  }

  override withScope(): Interpreter {
    throw new ExpressionTooCostly('variables are not offered');
  }

  #replace(
    name: string,
    call: (values: readonly unknown[]) => JSONValue,
    types: InputSignature['types'],
  ): void {
    const signature = types.map((type) => ({ types: [type] }));
    this.runtime.register<string>(name, call, signature, { override: true });
  }

  #visit(node: ExpressionTree, value: Visited): Result {
    // The library looks a field up in the prototypes too, where every object has a `constructor`.
    if (node.type === 'Field') return ownField(value, node.name);
    if (node.type === 'Comparator' && (node.name === 'EQ' || node.name === 'NE')) {
      const left = this.visit(node.left, value) as JSONValue;
      const right = this.visit(node.right, value) as JSONValue;
      if (isComposed(left) && isComposed(right)) this.#spendTree([left, right]);
      return super.visit({ ...node, left: literal(left), right: literal(right) }, null);
    }
    return super.visit(node, value);
  }

  #join(glue: unknown, list: unknown): JSONValue {
    if (!Array.isArray(list) || typeof glue !== 'string') throw new TypeError('join');
    if (list.some((one) => typeof one !== 'string')) throw new TypeError('join');
    const length = (list as string[]).reduce((sum, one) => sum + one.length + glue.length, 0);
    this.#spend(length / CHARACTERS_PER_UNIT);
    return list.join(glue);
  }

  #text(value: unknown): JSONValue {
    if (typeof value === 'string') return value;
    this.#spendTree(value);
    return JSON.stringify(value);
  }

  /** Pays for a value as a tree: what it holds twice is paid twice. */
  #spendTree(value: unknown): void {
    const pending = [value];
    while (pending.length > 0) {
      const next = pending.pop();
      this.#spend(1 / ELEMENTS_PER_UNIT);
      if (typeof next === 'string') this.#spend(next.length / CHARACTERS_PER_UNIT);
      if (!isComposed(next)) continue;
      const entries = Object.entries(next);
      this.#spend(entries.length / ELEMENTS_PER_UNIT);
      for (const [key, child] of entries) {
        this.#spend(key.length / CHARACTERS_PER_UNIT);
        pending.push(child);
      }
    }
  }

  #spend(units: number): void {
    this.#left -= units;
    if (this.#left < 0) throw new ExpressionTooCostly('it costs more than it may');
  }
}

const NOTHING = { type: 'Current' } as ExpressionTree;

const interpreter = new BoundedInterpreter();

/** What the expression makes of `value`. @throws ExpressionTooCostly, and what the expression itself leads to */
export function evaluate(tree: ExpressionTree, value: unknown): unknown {
  return interpreter.evaluate(tree, value);
}

function isComposed(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function literal(value: JSONValue): ExpressionTree {
  return { type: 'Literal', value };
}

function ownField(value: Visited, name: string): Result {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  return Object.hasOwn(value, name) ? ((value as Record<string, Result>)[name] ?? null) : null;
}

/** Numbers by their value, texts by their UTF-16 units. The library sorts numbers as texts. */
function sorted(list: unknown): JSONValue {
  const values = [...(list as (number | string)[])];
  const kinds = new Set(values.map((value) => typeof value));
  if (kinds.size > 1 || !(kinds.has('number') || kinds.has('string') || values.length === 0)) {
    throw new TypeError('sort');
  }
  return values.sort((one, other) => (one < other ? -1 : Number(one > other)));
}
