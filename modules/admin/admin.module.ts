import { type DynamicModule, Module, type ModuleMetadata } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { DeadLettersController } from './dead-letters/dead-letters.controller.js';
import { DeliveriesController } from './deliveries/deliveries.controller.js';
import { EncryptionKeysController } from './encryption-keys/encryption-keys.controller.js';
import { EventsController } from './events/events.controller.js';
import { HealthController } from './health/health.controller.js';
import { Promises } from './promises.service.js';
import { ReplaysController } from './replays/replays.controller.js';
import { WebhookReplaysController } from './replays/webhook-replays.controller.js';
import { WebhookHistoryController } from './webhooks/webhook-history.controller.js';
import { WebhookSecretsController } from './webhooks/webhook-secrets.controller.js';
import { WebhookTestController } from './webhooks/webhook-test.controller.js';
import { WebhooksController } from './webhooks/webhooks.controller.js';

/** What the REST face stands on. */
export interface AdminModuleOptions {
  /**
   * Modules that provide `ADMIN_OPTIONS`, `READINESS`, `EVENT_STORE_CLIENT`, `STREAM_NAMES`, `WebhooksService`, and the
   * handlers of the delivery, replay and audit commands and queries.
   */
  readonly imports: NonNullable<ModuleMetadata['imports']>;
}

/** The REST face: controllers under `/api/v1`, in whatever HTTP server the application has. */
@Module({})
export class AdminModule {
  static forRoot({ imports }: AdminModuleOptions): DynamicModule {
    return {
      module: AdminModule,
      imports: [CqrsModule, ...imports],
      controllers: [
        EventsController,
        WebhooksController,
        WebhookSecretsController,
        WebhookTestController,
        WebhookHistoryController,
        DeliveriesController,
        DeadLettersController,
        WebhookReplaysController,
        ReplaysController,
        EncryptionKeysController,
        HealthController,
      ],
      providers: [Promises],
    };
  }
}
