import {
  type handleBidiStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  type sendUnaryData,
  Server,
  ServerCredentials,
} from '@grpc/grpc-js';
import {
  features,
  type persistent,
  PersistentSubscriptionsService,
  ServerFeaturesService,
  type shared,
  type streams,
  StreamsService,
} from '../../modules/event-store/wire/protocol.js';
import { SubscriptionError } from '../../modules/event-store/persistent-subscriptions/subscription-error.js';
import { subscriptionStatus } from '../../modules/event-store/wire/errors/subscription-status.js';
import { serverFeaturesCall } from '../../modules/event-store/wire/server-features.rpc.js';

/** The calls that a stub answers; every other one is not implemented. */
export interface StubCalls {
  readonly read?: handleServerStreamingCall<streams.ReadReq, streams.ReadResp>;
  readonly batchAppend?: handleBidiStreamingCall<streams.BatchAppendReq, streams.BatchAppendResp>;
  /** Default: there is no such group. */
  readonly getInfo?: handleUnaryCall<persistent.GetInfoReq, persistent.GetInfoResp>;
  /** Default: there is no such group. */
  readonly update?: handleUnaryCall<persistent.UpdateReq, persistent.UpdateResp>;
  readonly getSupportedMethods?: handleUnaryCall<shared.Empty, features.SupportedMethods>;
}

/** A server that answers a few calls as a test says: what the engine of the wire server would never answer. */
export class WireStub {
  readonly port: number;
  readonly #server: Server;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  static async start(calls: StubCalls): Promise<WireStub> {
    const server = new Server();
    const { read, batchAppend, getInfo = noSuchGroup, update = noSuchGroup } = calls;
    const { getSupportedMethods = serverFeaturesCall() } = calls;
    server.addService(ServerFeaturesService, { getSupportedMethods });
    server.addService(StreamsService, {
      ...(read && { read }),
      ...(batchAppend && { batchAppend }),
    });
    server.addService(PersistentSubscriptionsService, { getInfo, update });
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => {
        if (error) reject(error);
        else resolve(bound);
      });
    });
    return new WireStub(server, port);
  }

  get connectionString(): string {
    return `esdb://127.0.0.1:${this.port}?tls=false`;
  }

  close(): void {
    this.#server.forceShutdown();
  }
}

function noSuchGroup(_call: unknown, answer: sendUnaryData<never>): void {
  answer(subscriptionStatus(new SubscriptionError('does-not-exist', '$all', 'group')));
}

/** What a server tells of itself that has nothing but `methods`, each as `service/method`. */
export function supportedMethods(
  version: string,
  methods: readonly string[],
): features.SupportedMethods {
  const supported = methods.map((path) => {
    const [service = '', method = ''] = path.split('/');
    return new features.SupportedMethod().setServiceName(service).setMethodName(method);
  });
  return new features.SupportedMethods()
    .setEventStoreServerVersion(version)
    .setMethodsList(supported);
}
