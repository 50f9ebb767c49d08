import { type RawBodyRequest, readRawBody } from './raw-body.js';
import {
  receiveWebhook,
  type ReceivedWebhook,
  type WebhookVerification,
} from './verify-webhook.js';

/** How requests are verified: the same way for all, or as the request says, by its path for instance. */
export type VerificationOf<Request> =
  WebhookVerification | ((request: Request) => WebhookVerification | Promise<WebhookVerification>);

/** Settings of a receiver. */
export interface WebhookReceiverOptions {
  /** Largest body that is read, in bytes. @default 1 MiB */
  readonly maxBodyBytes?: number;
}

/** Middleware of Express, Connect, or Nest on Express. */
export type WebhookMiddleware<Request> = (
  request: Request,
  response: unknown,
  next: (error?: unknown) => void,
) => void;

/** A request that the middleware has verified. */
export interface VerifiedRequest {
  webhook?: ReceivedWebhook;
}

/**
 * Verifies a request that nobody has verified yet, reading its raw body.
 *
 * @throws WebhookVerificationError
 */
export async function receiveRequest<Request extends RawBodyRequest>(
  request: Request,
  verification: VerificationOf<Request>,
  { maxBodyBytes }: WebhookReceiverOptions = {},
): Promise<ReceivedWebhook> {
  const options = typeof verification === 'function' ? await verification(request) : verification;
  const payload = await readRawBody(request, maxBodyBytes);
  return receiveWebhook({ ...options, payload, headers: request.headers });
}

/**
 * Middleware that reads the raw body and keeps it at `request.rawBody`, for whoever verifies it later. Mount it before any
 * parser of bodies; a parser leaves what was read alone.
 *
 * @example
 * app.use('/hooks', rawBodyMiddleware());
 */
export function rawBodyMiddleware({
  maxBodyBytes,
}: WebhookReceiverOptions = {}): WebhookMiddleware<RawBodyRequest> {
  return (request, _response, next) => {
    readRawBody(request, maxBodyBytes).then((rawBody) => {
      Object.assign(request, { rawBody });
      next();
    }, next);
  };
}

/**
 * Middleware that verifies requests and puts what was received at `request.webhook`. Mount it where webhooks come in,
 * before any parser of bodies: it reads the raw body itself.
 *
 * A request that is refused goes to the error handlers as a `WebhookVerificationError`, whose `status` says how to answer.
 *
 * @example
 * app.post('/hooks', webhookMiddleware({ secret: process.env.WEBHOOK_SECRET }), (request, response) => {
 *   handle(request.webhook);
 *   response.sendStatus(204);
 * });
 */
export function webhookMiddleware<Request extends RawBodyRequest>(
  verification: VerificationOf<Request>,
  options?: WebhookReceiverOptions,
): WebhookMiddleware<Request> {
  return (request, _response, next) => {
    receiveRequest(request, verification, options).then((webhook) => {
      Object.assign<Request, VerifiedRequest>(request, { webhook });
      next();
    }, next);
  };
}
