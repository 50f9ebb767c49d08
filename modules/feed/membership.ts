import type { RecordedEvent } from '@eventstore/db-client';
import type { StreamNames } from '../event-store/index.js';
import {
  type SourceEvent,
  sourceEventOf,
  type Webhook,
  type WebhookDirectory,
} from '../registry/index.js';
import { type TenancyOptions, tenantOf } from '../tenancy/index.js';

/** Whose event it is, and which webhooks it is a member of. */
export interface Members {
  readonly tenantId: string | null;
  readonly webhooks: readonly Webhook[];
}

/** Says which webhooks an event is a member of: the one answer of the feed, and of whoever looks at an event again. */
export class Membership {
  readonly #directory: WebhookDirectory;
  readonly #names: StreamNames;
  readonly #tenancy: TenancyOptions;

  constructor(directory: WebhookDirectory, names: StreamNames, tenancy: TenancyOptions) {
    this.#directory = directory;
    this.#names = names;
    this.#tenancy = tenancy;
  }

  /** Whether it is an event of the application. Those of Posthorn and of the event store are members of nothing. */
  isOfApplication(event: Pick<RecordedEvent, 'streamId' | 'type' | 'metadata'>): boolean {
    return this.#names.isOfApplication(event);
  }

  /** Resolves when every registry change that was recorded before this call will be seen by `of`. */
  barrier(): Promise<void> {
    return this.#directory.barrier();
  }

  /**
   * @param position of the event in the log
   * @throws PosthornError `PSH_FEED_TENANT_MISMATCH`, `PSH_FEED_TENANT_INVALID`; what the application's resolver throws
   */
  of(event: RecordedEvent, position: bigint): Members {
    const tenantId = tenantOf(event, this.#tenancy);
    const { streamId: stream, type } = event;
    let seen: SourceEvent | undefined;
    const source = (): SourceEvent => (seen ??= sourceEventOf(event, tenantId));
    const webhooks = this.#directory.match({ type, stream, tenantId, position, source });
    return { tenantId, webhooks };
  }
}
