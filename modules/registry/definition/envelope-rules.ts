import type { EnvelopeKind, WebhookDefinitionRecord } from '../webhook.events.js';
import type { Problems } from './problems.js';

const KINDS: ReadonlySet<unknown> = new Set<EnvelopeKind>(['standard', 'cloudevents', 'raw']);

/** How events are told in the requests of a webhook. */
export function envelopeKindOf(
  definition: Pick<WebhookDefinitionRecord, 'envelope'>,
): EnvelopeKind {
  return definition.envelope ?? 'standard';
}

/** Whether an envelope is one that this version can make: a later one may know more. */
export function isKnownEnvelope(kind: EnvelopeKind): boolean {
  return KINDS.has(kind);
}

/** As it is recorded: nothing where it is the default, so that definitions from before stay equal to themselves. */
export function recordedParts({
  envelope = 'standard',
  filter,
  transform,
  sender,
}: {
  readonly envelope?: EnvelopeKind | undefined;
  readonly filter?: WebhookDefinitionRecord['filter'] | null;
  readonly transform?: WebhookDefinitionRecord['transform'] | null;
  readonly sender?: WebhookDefinitionRecord['sender'] | null;
}): Pick<WebhookDefinitionRecord, 'envelope' | 'filter' | 'transform' | 'sender'> {
  return {
    ...(envelope !== 'standard' && { envelope }),
    ...(filter && { filter }),
    ...(transform && { transform }),
    ...(sender && { sender }),
  };
}

/** Checks how events are told. */
export function checkEnvelope(value: unknown, problems: Problems): EnvelopeKind | undefined {
  if (KINDS.has(value)) return value as EnvelopeKind;
  problems.add('envelope', 'this is no known envelope', "Give 'standard', 'cloudevents' or 'raw'.");
}

/** Checks that the body is made by an envelope or by a transform. */
export function checkEnvelopeAlone(
  { envelope, transform }: { readonly envelope?: EnvelopeKind; readonly transform?: unknown },
  problems: Problems,
): void {
  if (!transform || (envelope ?? 'standard') === 'standard') return;
  problems.add(
    'envelope',
    'the transform of the webhook makes the whole body, so no envelope is around it',
    "Drop the transform, or the envelope ('standard').",
  );
}
