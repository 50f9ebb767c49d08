import type {
  AuthOf,
  RateLimit,
  OrderingPolicy,
  EnvelopeKind,
  RetryPolicy,
  SigningPolicy,
  SourceSelection,
  StartFrom,
  TlsOf,
} from '../webhook.events.js';
import type { ClearSecret } from './clear-secret.js';
import type { DeclaredFunction, Question } from '../functions/declared-function.js';
import type {
  EventFilter,
  EventTransform,
  SenderHook,
  TokenResolver,
} from '../functions/webhook-functions.js';
import type { HeaderDraft } from './header-rules.js';

export type TlsDraft = TlsOf<ClearSecret>;

export type AuthDraft = AuthOf<ClearSecret, DeclaredFunction<TokenResolver>>;

/** A definition that passed every check, with its secrets still in clear: it is never stored. */
export interface WebhookDraft {
  /** Normalised. */
  readonly url: string;
  /** Sorted, without repeats. */
  readonly eventTypes: readonly string[];
  readonly source: SourceSelection;
  readonly tenantId: string | null;
  readonly isGlobal: boolean;
  readonly headers: Readonly<Record<string, HeaderDraft>>;
  readonly auth: AuthDraft;
  readonly tls: TlsDraft;
  readonly signing: SigningPolicy;
  /** Newest first; of a kind that is in use and has none, one is to be generated. */
  readonly signingSecrets: readonly ClearSecret[];
  readonly retry: RetryPolicy;
  readonly timeoutMs: number;
  readonly concurrency: number;
  /** `null`: not limited. */
  readonly rateLimit: RateLimit | null;
  readonly ordering: OrderingPolicy | null;
  readonly isReplayable: boolean;
  readonly isActive: boolean;
  readonly description: string | null;
  readonly startFrom: StartFrom;
  readonly envelope: EnvelopeKind;
  /** `null`: none. */
  readonly filter: Question<EventFilter> | null;
  /** `null`: none. */
  readonly transform: Question<EventTransform> | null;
  /** `null`: none. */
  readonly sender: DeclaredFunction<SenderHook> | null;
}

/** A change that passed every check, with its secrets still in clear. */
export type PatchDraft = Partial<
  Omit<WebhookDraft, 'headers' | 'signing' | 'signingSecrets' | 'startFrom' | 'tls'>
> & {
  readonly headers?: Readonly<Record<string, HeaderDraft | null>>;
  readonly signing?: Partial<SigningPolicy>;
  readonly tls?: Partial<TlsDraft>;
};
