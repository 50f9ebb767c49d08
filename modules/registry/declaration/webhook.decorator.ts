import { applyDecorators, Injectable, SetMetadata } from '@nestjs/common';
import type { DefinitionBuilder } from '../definition/definition-builder.js';
import type { Webhook as RegisteredWebhook } from '../webhook.js';

/** What is said of a webhook where its class is declared. */
export interface WebhookDeclaration {
  /** 1 to 64 letters, digits, `-` or `_`; it never changes. */
  readonly id: string;
  /** Where to deliver; may as well be said in `define`. */
  readonly url?: string;
  /**
   * Release of this definition: a lower one never overrides a higher one, so a rollback is a new release.
   * Default: the configured release of the application.
   */
  readonly release?: number;
  /** Takes over a webhook of this id that was registered through the API. Default `false`: that is an error. */
  readonly isAdopting?: boolean;
}

/** What a class that is decorated with `@Webhook` implements. */
export interface WebhookDefinition {
  /** Says what the webhook is. Called when the application starts, and whenever the webhook is registered again. */
  define(builder: DefinitionBuilder): void | Promise<void>;
}

const DECLARATION = Symbol('posthorn.WebhookDeclaration');

/**
 * Declares a webhook in code: a provider that is found and registered when the application starts.
 *
 * @example
 * @Webhook({ id: 'fulfilment' })
 * class FulfilmentWebhook implements WebhookDefinition {
 *   define(webhook: DefinitionBuilder) {
 *     webhook.toUrl('https://fulfilment.example/hooks').withEventType(OrderPlaced);
 *   }
 * }
 */
export function Webhook(declaration: WebhookDeclaration): ClassDecorator {
  return applyDecorators(Injectable(), SetMetadata(DECLARATION, Object.freeze({ ...declaration })));
}

/** A webhook as the registry knows it: the same word for what `@Webhook` declares and for what comes of it. */
export type Webhook = RegisteredWebhook;

/** What was said with `@Webhook` on the class; `undefined` if nothing was. */
export function declarationOf(type: unknown): WebhookDeclaration | undefined {
  if (typeof type !== 'function') return undefined;
  return Reflect.getOwnMetadata(DECLARATION, type) as WebhookDeclaration | undefined;
}
