import {
  ConfigurableModuleBuilder,
  Inject,
  Module,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { type Sender, SENDER } from './sender.js';
import type { SendingOptions } from './sending.options.js';
import { UndiciSender } from './undici-sender.js';

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } =
  new ConfigurableModuleBuilder<SendingOptions>({ moduleName: 'Sending' })
    .setClassMethodName('forRoot')
    .build();

/**
 * Gives the `SENDER`: `SendingModule.forRoot(options)`, or `forRootAsync`.
 *
 * It closes the sender in the last of Nest's shutdown hooks, `onApplicationShutdown`: whoever still sends has finished in
 * `onModuleDestroy` or `beforeApplicationShutdown` by then.
 */
@Module({
  providers: [
    {
      provide: SENDER,
      inject: [MODULE_OPTIONS_TOKEN],
      useFactory: (options: SendingOptions): Sender => new UndiciSender(options),
    },
  ],
  exports: [SENDER],
})
export class SendingModule extends ConfigurableModuleClass implements OnApplicationShutdown {
  constructor(@Inject(SENDER) private readonly sender: Sender) {
    super();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.sender.close();
  }
}
