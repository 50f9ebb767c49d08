import type { handleBidiStreamingCall, ServerDuplexStream } from '@grpc/grpc-js';
import { EVENT_STORE_IS_CLOSING } from '../open-calls.js';
import { isUuid } from '../../embedded/uuid-bytes.js';
import type { GroupConnection } from '../../persistent-subscriptions/group-connection.js';
import { eventSourceOf } from '../../persistent-subscriptions/group-settings.js';
import type { NackAction } from '../../persistent-subscriptions/group/subscription-group.js';
import type { Caller } from '../access/caller.js';
import { handlerFailed, invalidArgument, unavailable } from '../errors/call-status.js';
import { subscriptionDropped } from '../errors/subscription-status.js';
import { toCallStatus } from '../errors/to-call-status.js';
import { persistent } from '../protocol.js';
import { ResponseStream } from '../response-stream.js';
import type { WireContext } from '../rpc.js';
import { deliveryResponse, subscribedResponse } from './delivery-response.js';
import { sourceOf } from './group-source-message.js';
import type { ConsumerRequest } from './read-request.js';

type Call = ServerDuplexStream<ConsumerRequest, Buffer>;

/** PersistentSubscriptions.Read: a consumer of a group, for as long as the call lasts. */
export function readGroupCall(
  context: WireContext,
): handleBidiStreamingCall<ConsumerRequest, Buffer> {
  return (call) => {
    const responses = new ResponseStream(call);
    try {
      const consumer = new Consumer(context, context.callers.admit(call.metadata), call, responses);
      consumer.serve();
    } catch (error) {
      responses.fail(toCallStatus(error));
    }
  };
}

const ACTIONS: ReadonlyMap<number, NackAction> = new Map([
  [persistent.ReadReq.Nack.Action.UNKNOWN, 'unknown'],
  [persistent.ReadReq.Nack.Action.PARK, 'park'],
  [persistent.ReadReq.Nack.Action.RETRY, 'retry'],
  [persistent.ReadReq.Nack.Action.SKIP, 'skip'],
  [persistent.ReadReq.Nack.Action.STOP, 'stop'],
]);

/**
 * The call of one consumer. A message goes out synchronously with the commit of its event while the client reads; a client
 * that does not read is given nothing more until it does.
 */
class Consumer {
  readonly #context: WireContext;
  readonly #caller: Caller;
  readonly #call: Call;
  readonly #responses: ResponseStream;
  #connection: GroupConnection | undefined;

  constructor(context: WireContext, caller: Caller, call: Call, responses: ResponseStream) {
    this.#context = context;
    this.#caller = caller;
    this.#call = call;
    this.#responses = responses;
  }

  serve(): void {
    const forget = this.#context.openCalls.add(
      {
        end: (status) => {
          this.#responses.fail(status);
        },
      },
      'unavailable',
    );
    this.#responses.whenOver(() => {
      forget();
      this.#connection?.disconnect();
    });
    this.#call.once('data', (request: ConsumerRequest) => {
      // acknowledgements wait until there is a connection to hand them to
      this.#call.pause();
      this.#connect(request).catch((error: unknown) => {
        this.#responses.fail(toCallStatus(error));
      });
    });
    this.#call.on('end', () => {
      this.#responses.end();
    });
  }

  async #connect(request: ConsumerRequest): Promise<void> {
    if (request.kind !== 'options') throw handlerFailed();
    const { options } = request;
    const source = sourceOf(options);
    const group = options.getGroupName();
    await this.#context.access.check(this.#caller, 'read', eventSourceOf(source));
    const uuidForm = options.getUuidOption()?.hasString() ? 'string' : 'structured';
    const connection = await this.#context.persistentSubscriptions.connect(source, group, {
      bufferSize: options.getBufferSize(),
      connectionName: this.#caller.connectionName,
      username: this.#caller.username,
      push: (delivery) => this.#responses.write(deliveryResponse(delivery, uuidForm)),
      dropped: (reason) => {
        this.#responses.fail(
          reason === 'dropped'
            ? subscriptionDropped(eventSourceOf(source), group)
            : unavailable(EVENT_STORE_IS_CLOSING),
        );
      },
    });
    if (this.#responses.isOver) {
      connection.disconnect();
      return;
    }
    this.#connection = connection;
    this.#responses.write(subscribedResponse(connection.id));
    this.#responses.whenRoom(() => {
      connection.resume();
    });
    this.#call.on('data', (next: ConsumerRequest) => {
      this.#take(connection, next);
    });
    connection.resume();
    this.#call.resume();
  }

  /** What is not understood ends the call: a consumer that waits for the effect of its words would wait for ever. */
  #take(connection: GroupConnection, request: ConsumerRequest): void {
    try {
      if (request.kind === 'ack') connection.ack(checked(request.ids));
      else if (request.kind === 'nack') {
        const action = ACTIONS.get(request.action);
        if (action === undefined) throw invalidArgument('There is no such action.');
        connection.nack(checked(request.ids), action, request.reason);
      } else throw handlerFailed();
    } catch (error) {
      this.#responses.fail(toCallStatus(error));
    }
  }
}

function checked(ids: readonly string[]): readonly string[] {
  if (ids.every(isUuid)) return ids;
  throw invalidArgument('The id of an event is a UUID.');
}
