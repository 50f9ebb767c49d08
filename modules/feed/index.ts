export { DISPATCH_OBSERVED, type DispatchObserved } from './dispatch.port.js';
export type { FeedEvent } from './feed.events.js';
export { FeedModule, type FeedModuleOptions } from './feed.module.js';
export { FEED_DEFAULTS, FEED_OPTIONS, type FeedOptions } from './feed.options.js';
export { Feed, type FeedHealth, type FeedState } from './feed.js';
