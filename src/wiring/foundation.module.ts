import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import {
  DELIVERY_DEFAULTS,
  DELIVERY_OPTIONS,
  type DeliveryOptions,
} from '../../modules/delivery/index.js';
import { STREAM_NAMES, StreamNames } from '../../modules/event-store/index.js';
import { FEED_DEFAULTS, FEED_OPTIONS, type FeedOptions } from '../../modules/feed/index.js';
import { CLOCK, type Clock, SystemClock } from '../../modules/kernel/index.js';
import {
  TENANCY_DEFAULTS,
  TENANCY_OPTIONS,
  type TenancyOptions,
} from '../../modules/tenancy/index.js';
import {
  type ConfigDemands,
  loadConfig,
  type PosthornConfigOptions,
} from '../config/load-config.js';
import type { PosthornConfig } from '../config/posthorn-config.js';
import type { PosthornAsyncOptions, PosthornFaces, PosthornOptions } from '../posthorn.options.js';
import { StartUp } from './start-up.js';

/** Injection token of the `PosthornConfig`: every setting, validated. */
export const POSTHORN_CONFIG = Symbol('posthorn.Config');

/** Injection token of the `PosthornOptions`, as the application gave them. */
export const POSTHORN_OPTIONS = Symbol('posthorn.Options');

const FACES = Symbol('posthorn.Faces');

const PROVIDERS: readonly Provider[] = [
  StartUp,
  {
    provide: POSTHORN_CONFIG,
    inject: [POSTHORN_OPTIONS, FACES],
    useFactory: (options: PosthornOptions, faces: PosthornFaces) =>
      loadConfig(settingsOf(options), process.env, demandsOf(options, faces)),
  },
  {
    provide: CLOCK,
    inject: [POSTHORN_OPTIONS],
    useFactory: ({ clock }: PosthornOptions): Clock => clock ?? new SystemClock(),
  },
  {
    provide: STREAM_NAMES,
    inject: [POSTHORN_CONFIG],
    useFactory: ({ streamPrefix }: PosthornConfig) => new StreamNames(streamPrefix),
  },
  {
    provide: FEED_OPTIONS,
    inject: [STREAM_NAMES],
    useFactory: ({ groupName }: StreamNames): FeedOptions => ({ ...FEED_DEFAULTS, groupName }),
  },
  {
    provide: TENANCY_OPTIONS,
    inject: [POSTHORN_OPTIONS],
    useFactory: ({ tenantResolver }: PosthornOptions): TenancyOptions => ({
      ...TENANCY_DEFAULTS,
      ...(tenantResolver && { resolver: tenantResolver }),
    }),
  },
  {
    provide: DELIVERY_OPTIONS,
    inject: [POSTHORN_CONFIG],
    useFactory: (config: PosthornConfig): DeliveryOptions => ({
      ...DELIVERY_DEFAULTS,
      instanceId: `${hostname()}-${randomBytes(6).toString('hex')}`,
      inlineWindowMs: config.inlineWindowMs,
      maxConcurrentAttempts: config.maxConcurrentAttempts,
      maxConcurrentPerOrigin: config.maxConcurrentPerOrigin,
      retryAfterLimitMs: config.retryAfterLimitMs,
      postponeLimitMs: config.postponeLimitMs,
      disableAfterMs: config.disableAfterMs,
      drainTimeoutMs: config.drainTimeoutMs,
    }),
  },
];

/** The configuration, the clock, and what the rooms are told of both. */
@Module({})
export class FoundationModule {
  static forRootAsync(options: PosthornAsyncOptions): DynamicModule {
    const { imports, inject, useFactory, admin = false } = options;
    return {
      module: FoundationModule,
      imports: imports ?? [],
      providers: [
        { provide: POSTHORN_OPTIONS, inject: inject ?? [], useFactory },
        { provide: FACES, useValue: { admin } satisfies PosthornFaces },
        ...PROVIDERS,
      ],
      exports: [
        POSTHORN_OPTIONS,
        POSTHORN_CONFIG,
        CLOCK,
        STREAM_NAMES,
        FEED_OPTIONS,
        TENANCY_OPTIONS,
        DELIVERY_OPTIONS,
        StartUp,
      ],
    };
  }
}

const ONLY_IN_CODE: ReadonlySet<string> = new Set([
  'tenantResolver',
  'knownEventTypes',
  'secretResolver',
  'sending',
  'eventStore',
  'client',
  'clock',
] satisfies (keyof PosthornOptions)[]);

/** Options that are no settings are taken out; misspelt ones stay in, to be refused. */
function settingsOf(options: PosthornOptions): PosthornConfigOptions {
  return Object.fromEntries(Object.entries(options).filter(([name]) => !ONLY_IN_CODE.has(name)));
}

function demandsOf({ eventStore, client }: PosthornOptions, faces: PosthornFaces): ConfigDemands {
  const hasRestFace = faces.admin ?? false;
  if (eventStore) {
    const kind = eventStore.capabilities.isExclusive ? 'exclusive' : 'shared';
    return { hasRestFace, eventStore: kind };
  }
  return client ? { hasRestFace, eventStore: 'shared' } : { hasRestFace };
}
