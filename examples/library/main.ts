import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type DefinitionBuilder, EVENT_STORE_CLIENT, type EventStoreClient } from 'posthorn';
import { jsonEvent, PosthornModule, Webhook, type WebhookDefinition } from 'posthorn';

@Webhook({ id: 'fulfilment' })
class FulfilmentWebhook implements WebhookDefinition {
  define(webhook: DefinitionBuilder) {
    const url = process.env['FULFILMENT_URL'] ?? 'https://fulfilment.example/hooks';
    webhook.toUrl(url).withEventType('OrderPlaced');
  }
}

@Module({ imports: [PosthornModule.forRoot()], providers: [FulfilmentWebhook] })
class AppModule {}

const app = await NestFactory.createApplicationContext(AppModule);
app.enableShutdownHooks();
const store = app.get<EventStoreClient>(EVENT_STORE_CLIENT);
await store.appendToStream('order-17', jsonEvent({ type: 'OrderPlaced', data: { total: 99.5 } }));
