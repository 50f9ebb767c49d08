import { connect, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import {
  type OutgoingRequest,
  type SendingOptions,
  UndiciSender,
} from '../../modules/sending/index.js';
import { Endpoint } from './endpoint.js';

/** A signing secret of 24 bytes. */
export const SECRET = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;

/** A request that has everything; the test says what matters to it. */
export function outgoing(
  url: string,
  changes: Partial<Omit<OutgoingRequest, 'url'>> = {},
): OutgoingRequest {
  return {
    webhookId: 'delivery-1',
    url,
    body: Buffer.from('{"type":"account.opened"}'),
    contentType: 'application/json',
    headers: {},
    signingSecrets: [SECRET],
    auth: { type: 'none' },
    timeoutMs: 20_000,
    ...changes,
  };
}

/** Opens real sockets and keeps what was opened. */
export class RecordingOpener {
  readonly addresses: string[] = [];
  readonly sockets: Socket[] = [];

  readonly open = (address: string, port: number): Socket => {
    const socket = connect({ host: address, port });
    this.addresses.push(address);
    this.sockets.push(socket);
    return socket;
  };

  /** Bytes that all sockets have received. */
  get bytesRead(): number {
    return this.sockets.reduce((sum, socket) => sum + socket.bytesRead, 0);
  }
}

/** Lets the event loop turn until `condition` holds; the test's own time limit ends a wait in vain. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await setImmediate();
}

/** Lets the event loop turn a few times, so that an error nobody waits for falls into the test that caused it. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await setImmediate();
}

/** Senders and endpoints of one test, closed together. */
export class SendingRig {
  readonly #open: { close(): Promise<void> }[] = [];

  /** A sender that may dial the loopback over http. */
  sender(options: SendingOptions = {}): UndiciSender {
    const sender = new UndiciSender({
      isHttpAllowed: true,
      allowedNetworks: ['127.0.0.0/8', '::1/128'],
      ...options,
    });
    this.#open.push(sender);
    return sender;
  }

  async endpoint(...args: Parameters<typeof Endpoint.start>): Promise<Endpoint> {
    const endpoint = await Endpoint.start(...args);
    this.#open.push(endpoint);
    return endpoint;
  }

  async close(): Promise<void> {
    await Promise.all(this.#open.splice(0).map((one) => one.close()));
    await settle();
  }
}
