import type { RecordPatch } from '../definition/definition-record.js';
import type {
  EncryptedSecret,
  StartFrom,
  WebhookDefinitionRecord,
  WebhookOwner,
} from '../webhook.events.js';

interface Decision {
  /** ISO 8601. */
  readonly at: string;
  /** Who asked: what the audit trail shows. */
  readonly by: string;
}

export interface RegisterDecision extends Decision {
  readonly type: 'register';
  readonly owner: WebhookOwner;
  /** Release of the code that declares it; `null` when none is configured, which counts as 0. */
  readonly release: number | null;
  readonly definition: WebhookDefinitionRecord;
  readonly startFrom: StartFrom;
  /** How long a replaced signing secret goes on to sign, in milliseconds. */
  readonly overlapMs: number;
  /** Refuses when the id is registered already. */
  readonly mustBeNew: boolean;
  /** Lets code take over a webhook of this id that was registered through the API. */
  readonly isAdopting: boolean;
}

/** A decision about one webhook, with everything that is random or secret made beforehand. */
export type WebhookDecision =
  | RegisterDecision
  | (Decision & { readonly type: 'change'; readonly patch: RecordPatch })
  | (Decision & { readonly type: 'pause'; readonly reason: string | null })
  | (Decision & { readonly type: 'resume'; readonly reason: string | null })
  | (Decision & { readonly type: 'remove'; readonly reason: string | null })
  | (Decision & { readonly type: 'disable'; readonly reason: string })
  | (Decision & {
      readonly type: 'rotate-secret';
      readonly secret: EncryptedSecret;
      readonly overlapMs: number;
    })
  /** The code that declared it no longer does. */
  | (Decision & {
      readonly type: 'vanish';
      readonly policy: 'pause' | 'remove';
      readonly release: number | null;
    });
