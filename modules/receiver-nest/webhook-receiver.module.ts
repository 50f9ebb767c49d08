import { ConfigurableModuleBuilder, Module } from '@nestjs/common';
import { WEBHOOK_GUARD_OPTIONS, WebhookGuard, type WebhookGuardOptions } from './webhook-guard.js';

const { ConfigurableModuleClass } = new ConfigurableModuleBuilder<WebhookGuardOptions>({
  moduleName: 'WebhookReceiver',
  optionsInjectionToken: WEBHOOK_GUARD_OPTIONS,
})
  .setClassMethodName('forRoot')
  .build();

/**
 * Gives the `WebhookGuard` to a module that receives webhooks: `WebhookReceiverModule.forRoot(options)`, or
 * `forRootAsync` where the secret comes from a provider.
 */
@Module({ providers: [WebhookGuard], exports: [WebhookGuard, WEBHOOK_GUARD_OPTIONS] })
export class WebhookReceiverModule extends ConfigurableModuleClass {}
