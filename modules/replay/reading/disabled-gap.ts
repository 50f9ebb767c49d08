import { BACKWARDS, END, type RecordedEvent } from '@eventstore/db-client';
import type { EventStoreClient, StreamNames } from '../../event-store/index.js';
import type { RegistryPointer, WebhookEvent } from '../../registry/index.js';

type Reader = Pick<EventStoreClient, 'readStream'>;

/** The stretch of the log in which a webhook was disabled: behind `after`, up to `upTo` (`null`: it still is). */
export interface DisabledGap {
  readonly after: bigint;
  readonly upTo: bigint | null;
}

const PAGE = 100;

/** Revisions in the stream of the webhook. */
interface Disabling {
  readonly disabled: bigint;
  readonly enabled: bigint | null;
}

/**
 * Where a webhook was disabled last, in its present registration: what happened there it is no member of.
 *
 * A change takes effect at its pointer in the registry, so that is where the gap begins and ends.
 *
 * @returns `undefined` when it never was
 * @throws what the client throws
 */
export async function lastDisabledGap(
  client: Reader,
  names: StreamNames,
  webhookId: string,
): Promise<DisabledGap | undefined> {
  const disabling = await lastDisabling(client, names.webhook(webhookId));
  if (!disabling) return undefined;
  const { disabled, enabled } = disabling;
  const after = await effectOf(client, names.registry, webhookId, disabled);
  if (after === undefined) return undefined; // a crash left it without effect
  const upTo =
    enabled === null ? undefined : await effectOf(client, names.registry, webhookId, enabled);
  return { after, upTo: upTo ?? null };
}

async function lastDisabling(client: Reader, stream: string): Promise<Disabling | undefined> {
  let enabled: bigint | null = null;
  for await (const event of backwards(client, stream)) {
    const { type } = event as unknown as WebhookEvent;
    if (type === 'WebhookDisabled') return { disabled: event.revision, enabled };
    if (type === 'WebhookRegistered') return undefined;
    if (type === 'WebhookResumed') enabled = event.revision;
  }
  return undefined;
}

/** Position of the first pointer at or behind `revision` of the webhook's stream. */
async function effectOf(
  client: Reader,
  registry: string,
  webhookId: string,
  revision: bigint,
): Promise<bigint | undefined> {
  let effect: bigint | undefined;
  for await (const event of backwards(client, registry)) {
    const { type, data } = event as unknown as RegistryPointer;
    if ((type as string) !== 'WebhookRegistryAdvanced' || data.webhookId !== webhookId) continue;
    if (BigInt(data.revision) < revision) return effect;
    effect = event.position?.commit;
  }
  return effect;
}

/** The events of a stream, newest first, read in pages: whoever has seen enough leaves no read unfinished. */
async function* backwards(client: Reader, stream: string): AsyncGenerator<RecordedEvent> {
  for (let from: bigint | undefined; ;) {
    const page: RecordedEvent[] = [];
    const read = client.readStream(stream, {
      direction: BACKWARDS,
      fromRevision: from ?? END,
      maxCount: PAGE,
      requiresLeader: true,
    });
    for await (const { event } of read) if (event) page.push(event);
    yield* page;
    const oldest = page.at(-1)?.revision ?? 0n;
    if (page.length < PAGE || oldest === 0n) return;
    from = oldest - 1n;
  }
}
