import type { RecordPatch } from '../definition/definition-record.js';
import type {
  EncryptedSecret,
  ResealedSecret,
  SigningKind,
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
  | (Decision & {
      readonly type: 'change';
      readonly patch: RecordPatch;
      /** Generated secrets of the kinds that the patch asks to sign with. */
      readonly spare?: readonly EncryptedSecret[];
      /** How long secrets of a kind that is given up go on to sign, in milliseconds. */
      readonly overlapMs?: number;
    })
  | (Decision & { readonly type: 'pause'; readonly reason: string | null })
  | (Decision & { readonly type: 'resume'; readonly reason: string | null })
  | (Decision & { readonly type: 'remove'; readonly reason: string | null })
  | (Decision & { readonly type: 'disable'; readonly reason: string })
  | (Decision & {
      readonly type: 'rotate-secret';
      /** Which keys are replaced; `null`: those of every kind in use. */
      readonly kind: SigningKind | null;
      /** The new ones, one of each kind that may be asked for. */
      readonly secrets: readonly EncryptedSecret[];
      readonly overlapMs: number;
    })
  | (Decision & { readonly type: 'revoke-secret'; readonly fingerprint: string })
  /** Secrets were encrypted again; those that have changed in between are left alone. */
  | (Decision & { readonly type: 'reseal'; readonly resealed: readonly ResealedSecret[] })
  /** The code that declared it no longer does. */
  | (Decision & {
      readonly type: 'vanish';
      readonly policy: 'pause' | 'remove';
      readonly release: number | null;
    });

export type DecisionOf<Type extends WebhookDecision['type']> = Extract<
  WebhookDecision,
  { readonly type: Type }
>;
