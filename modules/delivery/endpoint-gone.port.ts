import type { Webhook } from '../registry/index.js';

/** Disables a webhook whose endpoint answered 410 Gone. Bound to the registry by the shell. */
export type EndpointGoneHandler = (webhook: Webhook) => Promise<void>;

export const ENDPOINT_GONE_HANDLER = Symbol('posthorn.EndpointGoneHandler');
