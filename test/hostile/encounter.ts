import type { AttemptResult, SendingOptions } from '../../modules/sending/index.js';
import type { Behaviour, Endpoint, EndpointOptions } from './endpoint.js';
import { outgoing, RecordingOpener, type SendingRig } from './sending.js';

/** What meeting one receiver came to, and what it cost. */
export interface Encounter {
  readonly result: AttemptResult;
  readonly endpoint: Endpoint;
  /** Bytes that were taken from the receiver. */
  readonly bytesRead: number;
  /** Most memory that was in use at one time beyond what was before, in bytes. */
  readonly peakBytes: number;
  readonly elapsedMs: number;
}

/** Sends one request to a receiver that behaves like this, and meters it. */
export async function meet(
  rig: SendingRig,
  behaviour: Behaviour,
  options: { readonly sending?: SendingOptions; readonly endpoint?: EndpointOptions } = {},
): Promise<Encounter> {
  const endpoint = await rig.endpoint(behaviour, options.endpoint);
  const opener = new RecordingOpener();
  const sender = rig.sender({ openSocket: opener.open, ...options.sending });
  const meter = new MemoryMeter();
  const startedAt = performance.now();
  const result = await sender.send(outgoing(endpoint.url()));
  const elapsedMs = performance.now() - startedAt;
  return { result, endpoint, bytesRead: opener.bytesRead, peakBytes: meter.stop(), elapsedMs };
}

/** Watches how much memory the process has in use: heap, buffers, and what is outside of both. */
export class MemoryMeter {
  readonly #before = inUse();
  #peak = this.#before;
  readonly #timer = setInterval(() => {
    this.#peak = Math.max(this.#peak, inUse());
  }, 1);

  /** The most that was in use since the beginning, beyond what was then. */
  stop(): number {
    clearInterval(this.#timer);
    return Math.max(this.#peak, inUse()) - this.#before;
  }
}

function inUse(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
