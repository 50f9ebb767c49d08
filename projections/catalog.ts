import { deliveriesProjection } from './deliveries/deliveries.projection.js';
import { endpointHealthProjection } from './endpoint-health/endpoint-health.projection.js';
import { replaysProjection } from './replays/replays.projection.js';
import type { Projection } from './runtime/projection.js';
import { webhooksProjection } from './webhooks/webhooks.projection.js';

/** Every projection, in the order in which they take each batch. */
export const PROJECTIONS: readonly Projection[] = [
  webhooksProjection,
  deliveriesProjection,
  // reads the webhook of a delivery from the tables of the one before
  endpointHealthProjection,
  replaysProjection,
];
