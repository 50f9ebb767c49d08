import { Module } from '@nestjs/common';
import { type DefinitionBuilder, PosthornModule, Webhook, type WebhookDefinition } from 'posthorn';
import { Receiver } from './receiver.js';

/** The declared webhook: every event of GitHub, to a receiver that is well. */
@Webhook({ id: 'archive' })
export class ArchiveWebhook implements WebhookDefinition {
  static readonly receiver = new Receiver(() => 204);
  static url = '';

  define(webhook: DefinitionBuilder): void {
    webhook.toUrl(ArchiveWebhook.url).withEventType('github.*').withConcurrency(20);
  }
}

/** What one run of the demo has for itself, also on an event store that it shares with others. */
export interface DemoRun {
  readonly dataDir: string;
  readonly apiToken: string;
  readonly encryptionKey: string;
  readonly streamPrefix: string;
}

/** An application with Posthorn in it, and its REST face. */
@Module({})
export class DemoModule {
  static forRun(run: DemoRun) {
    return {
      module: DemoModule,
      imports: [
        PosthornModule.forRoot({
          admin: true,
          ...run,
          allowHttp: true,
          allowedNetworks: ['127.0.0.0/8'],
        }),
      ],
      providers: [ArchiveWebhook],
    };
  }
}
