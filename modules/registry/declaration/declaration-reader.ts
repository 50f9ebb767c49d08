import { type FieldProblem, isPosthornError, PosthornError } from '../../kernel/index.js';
import { DefinitionBuilder } from '../definition/definition-builder.js';
import type { DefinitionRules } from '../definition/definition-rules.js';
import type { WebhookDraft } from '../definition/webhook-draft.js';
import type { DiscoveredWebhook } from './webhook-discovery.js';

/** A declared webhook with its definition, checked. */
export interface DefinedWebhook extends DiscoveredWebhook {
  readonly draft: WebhookDraft;
}

/**
 * Asks every class for its definition.
 *
 * @throws PosthornError `PSH_REGISTRY_INVALID_DEFINITION` with the mistakes of all of them; what a `define` of the
 *   application throws itself
 */
export async function defineAll(
  discovered: readonly DiscoveredWebhook[],
  rules: DefinitionRules,
): Promise<readonly DefinedWebhook[]> {
  const defined: DefinedWebhook[] = [];
  const problems: FieldProblem[] = [];
  for (const webhook of discovered) {
    try {
      defined.push({ ...webhook, draft: await define(webhook, rules) });
    } catch (error) {
      if (!isPosthornError(error, 'PSH_REGISTRY_INVALID_DEFINITION')) throw error;
      const { name } = webhook.type;
      problems.push(...error.problems.map((one) => ({ ...one, field: `${name}: ${one.field}` })));
    }
  }
  if (problems.length === 0) return defined;
  const list = problems.map(({ field, message }) => `${field}: ${message}`).join('; ');
  throw new PosthornError('PSH_REGISTRY_INVALID_DEFINITION', list, { problems });
}

async function define(
  { definition, declaration }: DiscoveredWebhook,
  rules: DefinitionRules,
): Promise<WebhookDraft> {
  const builder = new DefinitionBuilder(declaration.url);
  await definition.define(builder);
  return builder.build(declaration.id, { ...rules, isDeclared: true });
}
