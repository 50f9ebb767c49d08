import {
  ConfigurableModuleBuilder,
  Inject,
  Module,
  type OnApplicationShutdown,
} from '@nestjs/common';
import type { EgressFetch } from './egress-fetch.js';
import { type Sender, SENDER } from './sender.js';
import type { SendingOptions } from './sending.options.js';
import { UndiciSender } from './undici-sender.js';

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } =
  new ConfigurableModuleBuilder<SendingOptions>({ moduleName: 'Sending' })
    .setClassMethodName('forRoot')
    .build();

/** Injection token of the `EgressFetch`. */
export const EGRESS_FETCH = Symbol('posthorn.EgressFetch');

/**
 * Gives the `SENDER` and the `EGRESS_FETCH`: `SendingModule.forRoot(options)`, or `forRootAsync`.
 *
 * It closes the sender in the last of Nest's shutdown hooks, `onApplicationShutdown`: whoever still sends has finished in
 * `onModuleDestroy` or `beforeApplicationShutdown` by then.
 */
@Module({
  providers: [
    {
      provide: UndiciSender,
      inject: [MODULE_OPTIONS_TOKEN],
      useFactory: (options: SendingOptions) => new UndiciSender(options),
    },
    { provide: SENDER, useExisting: UndiciSender },
    {
      provide: EGRESS_FETCH,
      inject: [UndiciSender],
      useFactory: ({ fetch }: UndiciSender): EgressFetch => fetch,
    },
  ],
  exports: [SENDER, EGRESS_FETCH],
})
export class SendingModule extends ConfigurableModuleClass implements OnApplicationShutdown {
  constructor(@Inject(SENDER) private readonly sender: Sender) {
    super();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.sender.close();
  }
}
