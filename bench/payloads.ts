import { createRequire } from 'node:module';

/** How `@octokit/webhooks-examples` groups the payloads that GitHub really sent. */
interface EventExamples {
  readonly name: string;
  readonly examples: readonly object[];
}

/** One thing that happened, as every contender publishes it. */
export interface Message {
  readonly type: string;
  readonly data: { readonly bench: number };
}

/** Found by the receiver in the body, wherever a contender's envelope puts the data. */
export const MARK = '"bench":';

const require = createRequire(import.meta.url);
const examples = (
  require('@octokit/webhooks-examples/api.github.com/index.json') as EventExamples[]
).flatMap(({ name, examples: payloads }) => payloads.map((payload) => ({ name, payload })));

/** Message number `number`: a payload that GitHub really sent, marked with the number. They come in turn. */
export function message(number: number): Message {
  const example = examples[number % examples.length];
  if (!example) throw new Error('@octokit/webhooks-examples holds no examples');
  return { type: `github.${example.name}`, data: { bench: number, ...example.payload } };
}

/** Mean size of a payload as JSON, in bytes. */
export function meanPayloadBytes(): number {
  const total = examples.reduce((sum, { payload }) => sum + JSON.stringify(payload).length, 0);
  return Math.round(total / examples.length);
}
