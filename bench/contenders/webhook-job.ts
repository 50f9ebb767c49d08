import { randomUUID } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { Agent, request } from 'undici';
import type { Message } from '../payloads.js';

/** What a team that writes its own webhooks puts into a job. */
export interface WebhookJob extends Message {
  readonly url: string;
}

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

/** How such a team sends one: an envelope, a signature, a pooled connection, a timeout; anything but 2xx is tried again. */
export class WebhookSender {
  readonly #signer = new Webhook(SECRET);
  readonly #agent: Agent;

  constructor(connections: number) {
    this.#agent = new Agent({ connections, pipelining: 1 });
  }

  async send({ url, type, data }: WebhookJob): Promise<void> {
    const id = randomUUID();
    const at = new Date();
    const body = JSON.stringify({ type, timestamp: at.toISOString(), data });
    const response = await request(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
        'webhook-signature': this.#signer.sign(id, at, body),
      },
      body,
      dispatcher: this.#agent,
      headersTimeout: 20_000,
      bodyTimeout: 20_000,
    });
    await response.body.dump();
    if (response.statusCode >= 300) throw new Error(`the endpoint answered ${response.statusCode}`);
  }

  close(): Promise<void> {
    return this.#agent.close();
  }
}
