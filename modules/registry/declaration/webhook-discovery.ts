import { Injectable, type Type } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { PosthornError } from '../../kernel/index.js';
import {
  declarationOf,
  type WebhookDeclaration,
  type WebhookDefinition,
} from './webhook.decorator.js';

/** A class that declares a webhook, and its instance in this application. */
export interface DiscoveredWebhook {
  readonly id: string;
  readonly type: Type<WebhookDefinition>;
  readonly declaration: WebhookDeclaration;
  readonly definition: WebhookDefinition;
}

/** Finds the providers that are decorated with `@Webhook`, in whatever module they are. */
@Injectable()
export class WebhookDiscovery {
  readonly #providers: DiscoveryService;

  constructor(providers: DiscoveryService) {
    this.#providers = providers;
  }

  /**
   * All of them, by id. A class that several modules provide counts once.
   *
   * @throws PosthornError `PSH_REGISTRY_DUPLICATE_DECLARATION`, `PSH_REGISTRY_NOT_DECLARED` when one is decorated but
   *   cannot define anything
   */
  discover(): readonly DiscoveredWebhook[] {
    const byId = new Map<string, DiscoveredWebhook>();
    for (const found of this.#found()) {
      const other = byId.get(found.id);
      if (other && other.type !== found.type) {
        throw new PosthornError(
          'PSH_REGISTRY_DUPLICATE_DECLARATION',
          `${other.type.name} and ${found.type.name} both declare the webhook "${found.id}"`,
        );
      }
      if (!other) byId.set(found.id, found);
    }
    return [...byId.values()].sort((one, other) => (one.id < other.id ? -1 : 1));
  }

  /** @throws PosthornError `PSH_REGISTRY_NOT_DECLARED` when the class is not among those discovered */
  find(type: Type<WebhookDefinition>): DiscoveredWebhook {
    const found = this.discover().find((one) => one.type === type);
    if (found) return found;
    throw new PosthornError(
      'PSH_REGISTRY_NOT_DECLARED',
      `${type.name} is not a provider that is decorated with @Webhook`,
    );
  }

  #found(): readonly DiscoveredWebhook[] {
    return this.#providers.getProviders().flatMap((wrapper) => {
      const type = wrapper.metatype as Type<WebhookDefinition> | null;
      const declared = [type, (wrapper.instance as object | null | undefined)?.constructor].find(
        (one) => declarationOf(one),
      ) as Type<WebhookDefinition> | undefined;
      const declaration = declarationOf(declared);
      if (!declared || !declaration) return [];
      const definition: unknown = wrapper.isDependencyTreeStatic() ? wrapper.instance : undefined;
      if (!isDefinition(definition)) {
        throw new PosthornError(
          'PSH_REGISTRY_NOT_DECLARED',
          `${declared.name} has no method "define", or is not a singleton`,
        );
      }
      return [{ id: declaration.id, type: declared, declaration, definition }];
    });
  }
}

function isDefinition(value: unknown): value is WebhookDefinition {
  return (
    typeof value === 'object' &&
    value !== null &&
    'define' in value &&
    typeof value.define === 'function'
  );
}
