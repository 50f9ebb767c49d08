import { PosthornError } from '../../kernel/index.js';
import { hasCode, isKnownDefinition } from '../definition/definition-needs.js';
import type { WebhookDraft } from '../definition/webhook-draft.js';
import type { WebhookDefinitionRecord } from '../webhook.events.js';
import type { Webhook } from '../webhook.js';
import type { DeclaredWebhooks } from './declared-webhooks.js';

/** What of a definition is not in its record, and so has to be found in code. */
type Need =
  | 'nothing'
  | 'declaration' /** It says something that this version of Posthorn does not know. */
  | 'newer-version';

/**
 * Whether this instance holds the code that webhooks need: the secrets and functions of those that are declared in code
 * are never stored, and are found in the definition that this instance declares, if that has the same digest.
 */
export class WebhookCode {
  readonly #declared: DeclaredWebhooks;
  readonly #needs = new WeakMap<WebhookDefinitionRecord, Need>();

  constructor(declared: DeclaredWebhooks) {
    this.#declared = declared;
  }

  /** The digest of the definition whose code is needed to send for the webhook and not here; else `null`. */
  missing({ definition, digest, id }: Webhook): string | null {
    const need = this.#needOf(definition);
    if (need === 'nothing') return null;
    const isHere = need === 'declaration' && this.#declared.find(id, digest) !== undefined;
    return isHere ? null : digest;
  }

  /**
   * The webhook as the code of this instance declares it; `undefined` when nothing of it is in code.
   *
   * @throws PosthornError `PSH_REGISTRY_CODE_MISSING`
   */
  draftOf(webhook: Webhook): WebhookDraft | undefined {
    if (this.missing(webhook) !== null) throw codeMissing(webhook.id);
    return this.#declared.find(webhook.id, webhook.digest)?.draft;
  }

  #needOf(definition: WebhookDefinitionRecord): Need {
    let need = this.#needs.get(definition);
    if (need === undefined) {
      need = needOf(definition);
      this.#needs.set(definition, need);
    }
    return need;
  }
}

/** What is thrown where the code of a webhook is needed and not here. */
export function codeMissing(webhookId: string): PosthornError {
  return new PosthornError(
    'PSH_REGISTRY_CODE_MISSING',
    `this instance does not hold the code of webhook "${webhookId}"`,
  );
}

function needOf(definition: WebhookDefinitionRecord): Need {
  if (!isKnownDefinition(definition)) return 'newer-version';
  return hasCode(definition) ? 'declaration' : 'nothing';
}
