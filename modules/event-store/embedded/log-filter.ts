import { EngineError, type LogFilter } from './event-log.js';
import { isHiddenFromAll } from './system-names.js';

/** Judges a record of `$all` by its stream and type. */
export type RecordTest = (stream: string, type: string) => boolean;

/**
 * Compiles a filter, with what `$all` never shows excluded in any case. A regular expression is one of JavaScript, is not
 * anchored, and runs on every record: one that backtracks without end holds its thread, so accept patterns from people
 * who may stop the process anyway.
 * @throws EngineError `invalid-argument` if the expression is not one
 */
export function compileFilter(filter: LogFilter | undefined): RecordTest {
  if (!filter) return (stream) => !isHiddenFromAll(stream);
  const matches = 'regex' in filter ? regexTest(filter.regex) : prefixTest(filter.prefixes);
  return filter.on === 'type'
    ? (stream, type) => matches(type) && !isHiddenFromAll(stream)
    : (stream) => matches(stream) && !isHiddenFromAll(stream);
}

function regexTest(source: string): (text: string) => boolean {
  let regex: RegExp;
  try {
    regex = new RegExp(source);
  } catch (error) {
    const message = `The filter is not a regular expression: ${(error as Error).message}`;
    throw new EngineError({ kind: 'invalid-argument', message });
  }
  return (text) => regex.test(text);
}

function prefixTest(prefixes: readonly string[]): (text: string) => boolean {
  return (text) => prefixes.some((prefix) => text.startsWith(prefix));
}

const FILTERS_KEPT = 64;

/** Compiled filters, by their content: readers come with the same few again and again. */
export class FilterCache {
  readonly #tests = new Map<string, RecordTest>();

  /** @throws EngineError `invalid-argument` if the filter cannot be compiled */
  get(filter: LogFilter | undefined): RecordTest {
    const key = filter ? JSON.stringify(filter) : '';
    const known = this.#tests.get(key);
    if (known) return known;
    const compiled = compileFilter(filter);
    if (this.#tests.size >= FILTERS_KEPT) this.#tests.clear();
    this.#tests.set(key, compiled);
    return compiled;
  }
}
