import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { CommandResult } from '../webhook-writer.js';
import { WebhooksService } from '../webhooks.service.js';
import {
  ChangeWebhook,
  DisableWebhook,
  PauseWebhook,
  RegisterWebhook,
  RemoveWebhook,
  ResumeWebhook,
  RevokeWebhookSecret,
  RotateWebhookSecret,
} from './registry.commands.js';

@CommandHandler(RegisterWebhook)
class RegisterWebhookHandler implements ICommandHandler<RegisterWebhook> {
  constructor(private readonly webhooks: WebhooksService) {}

  execute({ webhookId, definition, options }: RegisterWebhook): Promise<CommandResult> {
    return this.webhooks.define(webhookId, definition, options);
  }
}

@CommandHandler(ChangeWebhook)
class ChangeWebhookHandler implements ICommandHandler<ChangeWebhook> {
  constructor(private readonly webhooks: WebhooksService) {}

  execute({ webhookId, patch, options }: ChangeWebhook): Promise<CommandResult> {
    return this.webhooks.change(webhookId, patch, options);
  }
}

@CommandHandler(PauseWebhook)
class PauseWebhookHandler implements ICommandHandler<PauseWebhook> {
  constructor(private readonly webhooks: WebhooksService) {}

  execute({ webhookId, options }: PauseWebhook): Promise<CommandResult> {
    return this.webhooks.pause(webhookId, options);
  }
}

@CommandHandler(ResumeWebhook)
class ResumeWebhookHandler implements ICommandHandler<ResumeWebhook> {
  constructor(private readonly webhooks: WebhooksService) {}

  execute({ webhookId, options }: ResumeWebhook): Promise<CommandResult> {
    return this.webhooks.resume(webhookId, options);
  }
}

@CommandHandler(DisableWebhook)
class DisableWebhookHandler implements ICommandHandler<DisableWebhook> {
  constructor(private readonly webhooks: WebhooksService) {}

  execute({ webhookId, reason, options }: DisableWebhook): Promise<CommandResult> {
    return this.webhooks.disable(webhookId, reason, options);
  }
}

@CommandHandler(RemoveWebhook)
class RemoveWebhookHandler implements ICommandHandler<RemoveWebhook> {
  constructor(private readonly webhooks: WebhooksService) {}

  execute({ webhookId, options }: RemoveWebhook): Promise<CommandResult> {
    return this.webhooks.remove(webhookId, options);
  }
}

@CommandHandler(RotateWebhookSecret)
class RotateWebhookSecretHandler implements ICommandHandler<RotateWebhookSecret> {
  constructor(private readonly webhooks: WebhooksService) {}

  execute({ webhookId, options }: RotateWebhookSecret): Promise<CommandResult> {
    return this.webhooks.rotateSecret(webhookId, options);
  }
}

@CommandHandler(RevokeWebhookSecret)
class RevokeWebhookSecretHandler implements ICommandHandler<RevokeWebhookSecret> {
  constructor(private readonly webhooks: WebhooksService) {}

  execute({ webhookId, fingerprint, options }: RevokeWebhookSecret): Promise<CommandResult> {
    return this.webhooks.revokeSecret(webhookId, fingerprint, options);
  }
}

export const REGISTRY_HANDLERS = [
  RegisterWebhookHandler,
  ChangeWebhookHandler,
  PauseWebhookHandler,
  ResumeWebhookHandler,
  DisableWebhookHandler,
  RemoveWebhookHandler,
  RotateWebhookSecretHandler,
  RevokeWebhookSecretHandler,
];
