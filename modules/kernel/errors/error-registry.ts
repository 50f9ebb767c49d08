import { API_ERRORS } from './admin.errors.js';
import { CONFIG_ERRORS } from './config.errors.js';
import { DELIVERY_ERRORS } from './delivery.errors.js';
import type { ErrorDefinition } from './error-definition.js';
import { EVENT_STORE_ERRORS } from './event-store.errors.js';
import { FEED_ERRORS } from './feed.errors.js';
import { KERNEL_ERRORS } from './kernel.errors.js';
import { PROJECTION_ERRORS } from './projection.errors.js';
import { REGISTRY_ERRORS } from './registry.errors.js';
import { REPLAY_ERRORS } from './replay.errors.js';
import { SENDING_ERRORS } from './sending.errors.js';

/**
 * Every error code of Posthorn, in one place. A code is never renamed and a retired one never reused: programs compare
 * them. `docs/errors.md` lists the same codes, which a test checks in both directions.
 */
export const ERROR_REGISTRY = {
  ...KERNEL_ERRORS,
  ...CONFIG_ERRORS,
  ...EVENT_STORE_ERRORS,
  ...REGISTRY_ERRORS,
  ...FEED_ERRORS,
  ...DELIVERY_ERRORS,
  ...REPLAY_ERRORS,
  ...SENDING_ERRORS,
  ...PROJECTION_ERRORS,
  ...API_ERRORS,
} as const satisfies Readonly<Record<string, ErrorDefinition>>;

/** A stable error code. */
export type ErrorCode = keyof typeof ERROR_REGISTRY;
