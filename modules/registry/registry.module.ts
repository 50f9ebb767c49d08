import {
  type DynamicModule,
  type FactoryProvider,
  Logger,
  Module,
  type ModuleMetadata,
  type Provider,
} from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { CqrsModule, EventBus } from '@nestjs/cqrs';
import {
  EVENT_STORE,
  type EventStore,
  STREAM_NAMES,
  type StreamNames,
} from '../event-store/index.js';
import { CLOCK, type Clock } from '../kernel/index.js';
import { REGISTRY_HANDLERS } from './commands/registry.handlers.js';
import { DeclaredWebhooks } from './declaration/declared-webhooks.js';
import { WebhookCode } from './declaration/webhook-code.js';
import { WebhookDiscovery } from './declaration/webhook-discovery.js';
import type { DefinitionRules } from './definition/definition-rules.js';
import { CommandDeadline } from './directory/command-deadline.js';
import { RegistryDirectory } from './directory/registry-directory.js';
import { RegistryFollower } from './directory/registry-follower.js';
import { RegistryLog } from './directory/registry-log.js';
import { FunctionStore } from './functions/function-store.js';
import { RegistryBootstrap } from './registry-bootstrap.service.js';
import {
  DEFAULT_COMMAND_TIMEOUT_MS,
  REGISTRY_OPTIONS,
  type RegistryOptions,
} from './registry.options.js';
import { CredentialStore } from './secrets/credential-store.js';
import { KeyUsage } from './secrets/key-usage.js';
import { ReferredSecrets } from './secrets/referred-secrets.js';
import { Resealer } from './secrets/resealer.js';
import { VaultKeeper } from './secrets/vault-keeper.js';
import { WEBHOOK_DIRECTORY } from './webhook.js';
import { WebhookRegistrar } from './webhook-registrar.js';
import { type WebhookRecorded, WebhookWriter } from './webhook-writer.js';
import { WebhooksService } from './webhooks.service.js';

/** How the registry is set up. `EVENT_STORE`, `STREAM_NAMES` and `CLOCK` come from `imports`, or from a global module. */
export interface RegistrySetup extends Pick<ModuleMetadata, 'imports'> {
  readonly options: RegistryOptions;
}

export interface RegistryAsyncSetup
  extends Pick<ModuleMetadata, 'imports'>, Pick<FactoryProvider<RegistryOptions>, 'useFactory'> {
  readonly inject?: NonNullable<FactoryProvider['inject']>;
}

type RegistryParts = ReturnType<typeof partsOf>;

const REGISTRY_PARTS = Symbol('posthorn.RegistryParts');

/** What the services of the registry stand on, made once. */
function partsOf(
  clock: Clock,
  store: EventStore,
  names: StreamNames,
  options: RegistryOptions,
  events: EventBus,
) {
  const { release = null, onVanished = 'keep', commandTimeoutMs } = options;
  const log = new RegistryLog(store.client, names, clock);
  const deadline = new CommandDeadline(clock, commandTimeoutMs ?? DEFAULT_COMMAND_TIMEOUT_MS);
  const ring = options.keyRing;
  const keeper = new VaultKeeper(log, ring, clock, deadline);
  const declared = new DeclaredWebhooks();
  const code = new WebhookCode(declared);
  const referred = new ReferredSecrets(options.secretResolver, clock);
  const credentials = new CredentialStore(keeper, code, clock, referred);
  const functions = new FunctionStore(code);
  const directory = new RegistryDirectory({ log, code, credentials, functions });
  const usage = new KeyUsage(ring, directory);
  const writer = new WebhookWriter({ log, directory, deadline, publish: publishOn(events) });
  const resealer = new Resealer({ ring, keeper, usage, directory, writer, clock });
  const deciding = { directory, writer, keeper, declared, clock, release, onVanished };
  const registrar = new WebhookRegistrar(deciding);
  const rules = rulesOf(options, names, clock);
  const isShared = !store.capabilities.isExclusive;
  const kept = { keeper, usage, resealer, directory, writer, registrar };
  return { clock, log, deadline, ...kept, rules, release, isShared };
}

const PROVIDERS: readonly Provider[] = [
  {
    provide: REGISTRY_PARTS,
    inject: [CLOCK, EVENT_STORE, STREAM_NAMES, REGISTRY_OPTIONS, EventBus],
    useFactory: partsOf,
  },
  WebhookDiscovery,
  {
    provide: RegistryDirectory,
    inject: [REGISTRY_PARTS],
    useFactory: ({ directory }: RegistryParts) => directory,
  },
  { provide: WEBHOOK_DIRECTORY, useExisting: RegistryDirectory },
  {
    provide: WebhooksService,
    inject: [REGISTRY_PARTS, WebhookDiscovery],
    useFactory: (parts: RegistryParts, discovery: WebhookDiscovery) =>
      new WebhooksService({ ...parts, discovery }),
  },
  {
    provide: RegistryBootstrap,
    inject: [REGISTRY_PARTS, WebhookDiscovery],
    useFactory: (parts: RegistryParts, discovery: WebhookDiscovery) => {
      const follower = new RegistryFollower(parts.log, parts.directory, parts.clock);
      return new RegistryBootstrap({ ...parts, discovery, follower });
    },
  },
  ...REGISTRY_HANDLERS,
];

/** Which webhooks there are, what they ask for, and which events they are members of. */
@Module({})
export class RegistryModule {
  static forRoot({ imports, options }: RegistrySetup): DynamicModule {
    return RegistryModule.forRootAsync({ ...(imports && { imports }), useFactory: () => options });
  }

  static forRootAsync({
    imports = [],
    inject = [],
    useFactory,
  }: RegistryAsyncSetup): DynamicModule {
    return {
      module: RegistryModule,
      imports: [DiscoveryModule, CqrsModule, ...imports],
      providers: [{ provide: REGISTRY_OPTIONS, inject, useFactory }, ...PROVIDERS],
      exports: [RegistryDirectory, WEBHOOK_DIRECTORY, WebhooksService, RegistryBootstrap],
    };
  }
}

function rulesOf(options: RegistryOptions, names: StreamNames, clock: Clock): DefinitionRules {
  const { urlPolicy = { isHttpAllowed: false }, knownEventTypes, reservedHeaders = [] } = options;
  return {
    urlPolicy,
    ...(knownEventTypes && { knownEventTypes }),
    reservedHeaders,
    isReservedStream: (stream) => names.isReserved(stream),
    canResolveSecrets: options.secretResolver !== undefined,
    now: () => clock.now(),
  };
}

/** The bus is local and at-most-once: what it throws cannot undo what was recorded. */
function publishOn(events: EventBus): (recorded: WebhookRecorded) => void {
  const logger = new Logger('Registry');
  const report = (error: unknown): void => {
    logger.error('publishing a registry event failed', error);
  };
  return (recorded) => {
    try {
      void Promise.resolve(events.publish(recorded)).catch(report);
    } catch (error) {
      report(error);
    }
  };
}
