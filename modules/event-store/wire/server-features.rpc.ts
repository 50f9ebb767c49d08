import type { handleUnaryCall } from '@grpc/grpc-js';
import {
  features,
  GossipService,
  PersistentSubscriptionsService,
  ServerFeaturesService,
  type shared,
  StreamsService,
} from './protocol.js';

/** The version of EventStoreDB whose behaviour this server has. */
const SERVER_VERSION = '24.10.0';

type Methods = Readonly<Record<string, { readonly path: string } | undefined>>;

const SOURCES = ['stream', 'all'] as const;

/** What the methods of a service can do beyond what their first version could, by lower-case name. */
type Features = (method: string) => readonly string[];

const STREAMS_FEATURES: Readonly<Record<string, readonly string[] | undefined>> = {
  read: ['position', 'events'],
  batchappend: ['deadline_duration'],
};

const SERVICES: readonly (readonly [Methods, Features])[] = [
  [StreamsService, (method) => STREAMS_FEATURES[method] ?? []],
  [PersistentSubscriptionsService, () => SOURCES],
  [ServerFeaturesService, () => []],
  [GossipService, () => []],
];

/** ServerFeatures.GetSupportedMethods: clients ask it first of all, without credentials, and go by it. */
export function serverFeaturesCall(): handleUnaryCall<shared.Empty, features.SupportedMethods> {
  const supported = new features.SupportedMethods()
    .setEventStoreServerVersion(SERVER_VERSION)
    .setMethodsList(SERVICES.flatMap(([service, featuresOf]) => toMethods(service, featuresOf)));
  return (_call, callback) => {
    callback(null, supported);
  };
}

function toMethods(service: Methods, featuresOf: Features): features.SupportedMethod[] {
  return Object.values(service).flatMap((definition) => {
    const [, serviceName, methodName] = definition?.path.toLowerCase().split('/') ?? [];
    if (serviceName === undefined || methodName === undefined) return [];
    return [
      new features.SupportedMethod()
        .setServiceName(serviceName)
        .setMethodName(methodName)
        .setFeaturesList([...featuresOf(methodName)]),
    ];
  });
}
