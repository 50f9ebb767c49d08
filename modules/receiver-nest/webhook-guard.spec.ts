import {
  Controller,
  HttpCode,
  type INestApplication,
  Injectable,
  Module,
  Post,
  UseGuards,
} from '@nestjs/common';
import { Test } from '@nestjs/testing';
import request from 'supertest';
import type { App } from 'supertest/types.js';
import { Webhook } from 'standardwebhooks';
import { outgoing, SECRET, SendingRig } from '../../test/hostile/sending.js';
import { type ReceivedWebhook, rawBodyMiddleware } from '../receiver/index.js';
import { VerifiedWebhook, WebhookGuard, WebhookReceiverModule } from './index.js';

const PAYLOAD = '{"type":"account.opened",  "data":{"owner":"Zoë"}}';
const OTHER = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;

@Controller()
class HooksController {
  readonly received: ReceivedWebhook[] = [];

  @Post('hooks')
  @HttpCode(204)
  @UseGuards(WebhookGuard)
  receive(@VerifiedWebhook() webhook: ReceivedWebhook): void {
    this.received.push(webhook);
  }

  @Post('others')
  @HttpCode(204)
  @UseGuards(new WebhookGuard({ verification: { secret: OTHER } }))
  receiveOther(@VerifiedWebhook() webhook: ReceivedWebhook): void {
    this.received.push(webhook);
  }

  @Post('unguarded')
  forgotten(@VerifiedWebhook() webhook: ReceivedWebhook): void {
    this.received.push(webhook);
  }
}

/** Where an application keeps its secrets. */
@Injectable()
class Secrets {
  readonly ofHooks = SECRET;
}

@Module({ providers: [Secrets], exports: [Secrets] })
class SecretsModule {}

@Module({
  imports: [
    WebhookReceiverModule.forRootAsync({
      imports: [SecretsModule],
      inject: [Secrets],
      useFactory: ({ ofHooks }: Secrets) => ({ verification: { secret: ofHooks } }),
    }),
  ],
  controllers: [HooksController],
})
class ReceiverModule {}

function signed(payload: string, secret = SECRET): Record<string, string> {
  const now = new Date();
  return {
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
    'webhook-signature': new Webhook(secret).sign('msg_1', now, payload),
    'content-type': 'application/json',
  };
}

describe('WebhookGuard', () => {
  const rig = new SendingRig();
  let app: INestApplication<App> | undefined;

  afterEach(async () => {
    await rig.close();
    await app?.close();
    app = undefined;
  });

  /** @param keepsRawBodies whether Nest itself does, or a middleware on one path */
  async function start(keepsRawBodies = true) {
    const testing = await Test.createTestingModule({ imports: [ReceiverModule] }).compile();
    testing.useLogger(false);
    const started: INestApplication<App> = testing.createNestApplication({
      rawBody: keepsRawBodies,
    });
    if (!keepsRawBodies) started.use('/hooks', rawBodyMiddleware());
    await started.listen(0, '127.0.0.1');
    app = started;
    return {
      url: (await started.getUrl()).replace('[::1]', '127.0.0.1'),
      received: started.get(HooksController).received,
      post: (path: string, headers: Record<string, string>, body = PAYLOAD) =>
        request(started.getHttpServer()).post(path).set(headers).send(body),
    };
  }

  it.each([
    ['rawBody: true', true],
    ['rawBodyMiddleware()', false],
  ])('hands what it verified to the handler, with %s', async (_how, keepsRawBodies) => {
    const { post, received } = await start(keepsRawBodies);

    await post('/hooks', signed(PAYLOAD)).expect(204);

    expect(received).toMatchObject([{ id: 'msg_1', payload: JSON.parse(PAYLOAD) }]);
  });

  it('verifies content that no parser has taken', async () => {
    const { post, received } = await start();
    const headers = { ...signed(PAYLOAD), 'content-type': 'application/cloudevents+json' };

    await post('/hooks', headers).expect(204);

    expect(received).toHaveLength(1);
  });

  it('receives what our sender sends', async () => {
    const { url, received } = await start();

    const result = await rig
      .sender()
      .send(outgoing(`${url}/hooks`, { body: Buffer.from(PAYLOAD) }));

    expect(result.statusCode).toBe(204);
    expect(received).toMatchObject([{ id: 'delivery-1', payload: JSON.parse(PAYLOAD) }]);
  });

  it('may have keys of its own on a route', async () => {
    const { post } = await start();

    await post('/others', signed(PAYLOAD, OTHER)).expect(204);
    await post('/others', signed(PAYLOAD)).expect(401);
  });

  it.each([
    ['a forged body', signed(PAYLOAD), '{}', 401, 'signature_mismatch'],
    ['no signature', { 'content-type': 'application/json' }, '{}', 400, 'missing_header'],
  ])('refuses %s', async (_what, headers, body, status, code) => {
    const { post, received } = await start();

    const response = await post('/hooks', headers, body);

    expect([response.status, response.body]).toEqual([
      status,
      { statusCode: status, code, message: expect.any(String) as string },
    ]);
    expect(received).toEqual([]);
  });

  it('answers 500 where the application kept no raw body: the sender tries again', async () => {
    const { post } = await start(false);

    await post('/others', signed(PAYLOAD, OTHER)).expect(500);
  });

  it('is not forgotten unnoticed', async () => {
    const { post, received } = await start();

    await post('/unguarded', signed(PAYLOAD)).expect(500);
    expect(received).toEqual([]);
  });
});
