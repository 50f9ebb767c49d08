import { Inject, Injectable, Module, type OnModuleDestroy } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { outgoing, SendingRig } from '../../test/hostile/sending.js';
import { type AttemptResult, type Sender, SENDER } from './sender.js';
import type { EgressFetch } from './egress-fetch.js';
import { EGRESS_FETCH, SendingModule } from './sending.module.js';

const OPTIONS = { isHttpAllowed: true, allowedNetworks: ['127.0.0.0/8'] };

describe('SendingModule', () => {
  const rig = new SendingRig();

  afterEach(() => rig.close());

  it('gives the sender, and closes it at shutdown', async () => {
    const endpoint = await rig.endpoint();
    const app = await Test.createTestingModule({ imports: [SendingModule.forRoot(OPTIONS)] })
      .compile()
      .then((module) => module.init());
    const sender = app.get<Sender>(SENDER);
    expect(await sender.send(outgoing(endpoint.url()))).toMatchObject({ verdict: 'success' });

    await app.close();

    expect(await sender.send(outgoing(endpoint.url()))).toMatchObject({ errorClass: 'aborted' });
  });

  it('gives the fetch that obeys the same rules, and ends with the sender', async () => {
    const endpoint = await rig.endpoint();
    const app = await Test.createTestingModule({ imports: [SendingModule.forRoot(OPTIONS)] })
      .compile()
      .then((module) => module.init());
    const fetch = app.get<EgressFetch>(EGRESS_FETCH);

    expect((await fetch(endpoint.url())).status).toBe(200);
    await expect(fetch('http://10.0.0.1/')).rejects.toMatchObject({ errorClass: 'ssrf_blocked' });
    await app.close();

    await expect(fetch(endpoint.url())).rejects.toMatchObject({ errorClass: 'aborted' });
  });

  it('takes its options from elsewhere', async () => {
    const module = await Test.createTestingModule({
      imports: [SendingModule.forRootAsync({ useFactory: () => Promise.resolve(OPTIONS) })],
    }).compile();

    expect(module.get<Sender>(SENDER)).toBeDefined();
  });

  it('refuses to start with options that are not valid', async () => {
    const starting = Test.createTestingModule({
      imports: [SendingModule.forRoot({ allowedNetworks: ['home'] })],
    }).compile();

    await expect(starting).rejects.toMatchObject({ code: 'PSH_SENDING_INVALID_OPTIONS' });
  });

  it('lets those who send finish first', async () => {
    const endpoint = await rig.endpoint();
    const results: AttemptResult[] = [];

    @Injectable()
    class Drain implements OnModuleDestroy {
      constructor(@Inject(SENDER) private readonly sender: Sender) {}

      async onModuleDestroy(): Promise<void> {
        results.push(await this.sender.send(outgoing(endpoint.url())));
      }

      async beforeApplicationShutdown(): Promise<void> {
        results.push(await this.sender.send(outgoing(endpoint.url())));
      }
    }

    @Module({ imports: [SendingModule.forRoot(OPTIONS)], providers: [Drain] })
    class DrainingModule {}

    const app = await Test.createTestingModule({ imports: [DrainingModule] })
      .compile()
      .then((module) => module.init());

    await app.close();

    expect(results.map(({ verdict }) => verdict)).toEqual(['success', 'success']);
  });
});
