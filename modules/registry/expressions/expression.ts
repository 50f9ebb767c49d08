import type { SourceEvent } from '../source-event.js';
import { evaluate } from './bounded-interpreter.js';
import { type ExpressionTree, isMistake, readExpression } from './expression-tree.js';

/** How many expressions are kept ready. */
const MOST_KEPT = 4_096;

const kept = new Map<string, ExpressionTree>();

/**
 * What a JMESPath expression answers about an event.
 *
 * @throws TypeError when it cannot be read, ExpressionTooCostly, and what evaluating it leads to
 */
export function askExpression(text: string, event: SourceEvent): unknown {
  return evaluate(treeOf(text), event);
}

/** Whether what an expression answered counts as true: anything but null, false and what is empty. As JMESPath says. */
export function isTruthy(answer: unknown): boolean {
  if (answer === null || answer === undefined || answer === false || answer === '') return false;
  return typeof answer !== 'object' || Object.keys(answer).length > 0;
}

function treeOf(text: string): ExpressionTree {
  const known = kept.get(text);
  if (known) return known;
  const read = readExpression(text);
  if (isMistake(read)) throw new TypeError(read.message);
  if (kept.size >= MOST_KEPT) for (const [oldest] of [...kept].slice(0, 1)) kept.delete(oldest);
  kept.set(text, read);
  return read;
}
