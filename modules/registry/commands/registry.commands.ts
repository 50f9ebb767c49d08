import { Command } from '@nestjs/cqrs';
import type { WebhookInput, WebhookPatch } from '../definition/webhook-input.js';
import type { CommandResult } from '../webhook-writer.js';
import type { CommandOptions, RegisterOptions, RotateOptions } from '../webhooks.service.js';

/** Registers a webhook owned by the API, or redefines it: `WebhooksService.define`. */
export class RegisterWebhook extends Command<CommandResult> {
  constructor(
    readonly webhookId: string,
    readonly definition: WebhookInput,
    readonly options: RegisterOptions = {},
  ) {
    super();
  }
}

/** Changes fields of a webhook: `WebhooksService.change`. */
export class ChangeWebhook extends Command<CommandResult> {
  constructor(
    readonly webhookId: string,
    readonly patch: WebhookPatch,
    readonly options: CommandOptions = {},
  ) {
    super();
  }
}

/** Holds the deliveries of a webhook: `WebhooksService.pause`. */
export class PauseWebhook extends Command<CommandResult> {
  constructor(
    readonly webhookId: string,
    readonly options: CommandOptions = {},
  ) {
    super();
  }
}

/** Lets a paused or disabled webhook go on: `WebhooksService.resume`. */
export class ResumeWebhook extends Command<CommandResult> {
  constructor(
    readonly webhookId: string,
    readonly options: CommandOptions = {},
  ) {
    super();
  }
}

/** Lets a webhook match nothing until it is resumed: `WebhooksService.disable`. */
export class DisableWebhook extends Command<CommandResult> {
  constructor(
    readonly webhookId: string,
    readonly reason: string,
    readonly options: CommandOptions = {},
  ) {
    super();
  }
}

/** Removes a webhook owned by the API: `WebhooksService.remove`. */
export class RemoveWebhook extends Command<CommandResult> {
  constructor(
    readonly webhookId: string,
    readonly options: CommandOptions = {},
  ) {
    super();
  }
}

/** Takes back a secret that was replaced: `WebhooksService.revokeSecret`. */
export class RevokeWebhookSecret extends Command<CommandResult> {
  constructor(
    readonly webhookId: string,
    readonly fingerprint: string,
    readonly options: Omit<CommandOptions, 'reason'> = {},
  ) {
    super();
  }
}

/** Signs with a new secret: `WebhooksService.rotateSecret`. */
export class RotateWebhookSecret extends Command<CommandResult> {
  constructor(
    readonly webhookId: string,
    readonly options: RotateOptions = {},
  ) {
    super();
  }
}
