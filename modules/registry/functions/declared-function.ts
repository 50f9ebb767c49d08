import { createHash } from 'node:crypto';
import type { StoredExpression, StoredFunction, StoredQuestion } from '../webhook.events.js';

/** Any function that a definition may hold. */
export type AnyFunction = (...args: never[]) => unknown;

/**
 * A function as it is given: alone, or with what its author calls this version of it.
 *
 * A function has no value that can be compared, so its version stands for it in the digest of the definition. Without
 * one it is a digest of the function's source text: another text is another definition, which instances that run the
 * code of before leave to those that run the new one. What the function calls or captures is not in its text; who
 * changes that, and minds which code sends, gives a version and counts it up.
 */
export type FunctionInput<Call extends AnyFunction> =
  Call | { readonly call: Call; readonly version: string };

/**
 * What is asked of an event: a JMESPath expression, or a function where the webhook is declared in code. The expression
 * also in the form in which a webhook shows it.
 */
export type QuestionInput<Call extends AnyFunction> =
  string | { readonly expression: string } | FunctionInput<Call>;

/** What is asked of an event, checked. */
export type Question<Call extends AnyFunction> = DeclaredFunction<Call> | StoredExpression;

/** A function that the code of a declared webhook gives, and what stands for it where it is stored. */
export class DeclaredFunction<Call extends AnyFunction = AnyFunction> {
  readonly call: Call;
  readonly stored: StoredFunction;

  constructor(call: Call, version: string = versionOf(call)) {
    this.call = call;
    this.stored = { kind: 'function', version };
  }
}

/** What is stored of a part of a definition that may be a function: what stands for one, anything else as it is. */
export function storedPart<Part>(part: Part): Stored<Part> {
  return (part instanceof DeclaredFunction ? part.stored : part) as Stored<Part>;
}

type Stored<Part> = Part extends { readonly stored: StoredFunction } ? StoredFunction : Part;

function versionOf(call: AnyFunction): string {
  return `sha256:${createHash('sha256').update(call.toString()).digest('base64url')}`;
}

/** Whether a part that is a function in this version is still one: of a later one it may be more. */
export function isKnownFunction(stored: StoredFunction | undefined): boolean {
  return stored === undefined || ['function'].includes(stored.kind);
}

/** Whether what is asked of events is something that this version can ask: a later one may know more. */
export function isKnownQuestion(stored: StoredQuestion | undefined): boolean {
  return stored === undefined || ['function', 'jmespath'].includes(stored.kind);
}
