import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import streamServices from '@eventstore/db-client/generated/streams_grpc_pb.js';
import { type ClientDuplexStream, credentials, type ServiceError } from '@grpc/grpc-js';
import empty from 'google-protobuf/google/protobuf/empty_pb.js';
import timestamp from 'google-protobuf/google/protobuf/timestamp_pb.js';
import { shared, streams } from '../../modules/event-store/wire/protocol.js';

type BatchCall = ClientDuplexStream<streams.BatchAppendReq, streams.BatchAppendResp>;

/** A client without manners: it says on the wire exactly what a test wants said. */
export function rawStreams(address: string): InstanceType<typeof streamServices.StreamsClient> {
  return new streamServices.StreamsClient(address, credentials.createInsecure());
}

export function identifier(stream: string): shared.StreamIdentifier {
  return new shared.StreamIdentifier().setStreamName(new Uint8Array(Buffer.from(stream)));
}

/** How a call ends that fails. */
export async function failureOf(call: {
  once(event: 'error', listener: (error: ServiceError) => void): unknown;
}): Promise<ServiceError> {
  return new Promise((resolve) => {
    call.once('error', resolve);
  });
}

/** What a chunk of a batch append holds; an event is the bytes of its data. */
export interface Chunk {
  readonly id: string;
  /** Only the first chunk has options. */
  readonly options?: {
    readonly stream?: string;
    readonly deadlineMs?: number;
    readonly revision?: string;
  };
  readonly events?: readonly Uint8Array[];
  readonly isFinal?: boolean;
}

/** A BatchAppend call that records its answers by correlation id. */
export class BatchConversation {
  readonly call: BatchCall;
  readonly answers: streams.BatchAppendResp[] = [];
  readonly #count = new Map<number, () => void>();

  constructor(call: BatchCall) {
    this.call = call;
    call.on('data', (answer: streams.BatchAppendResp) => {
      this.answers.push(answer);
      this.#count.get(this.answers.length)?.();
    });
    call.on('error', () => undefined);
  }

  say(chunk: Chunk): void {
    this.call.write(toRequest(chunk));
  }

  /** Resolves when there are so many answers. */
  async answered(count: number): Promise<void> {
    if (this.answers.length >= count) return;
    await new Promise<void>((resolve) => {
      this.#count.set(count, resolve);
    });
  }

  /** The ids that were answered, in order. */
  get answeredIds(): string[] {
    return this.answers.map((answer) => answer.getCorrelationId()?.getString() ?? '');
  }

  /** The name of the error of the last answer, and its content. */
  get lastError(): { type: string; content: Uint8Array; stream: string } {
    const answer = this.answers.at(-1);
    const details = answer?.getError()?.getDetails();
    const stream = answer?.getStreamIdentifier()?.getStreamName_asU8() ?? [];
    return {
      type: details?.getTypeUrl() ?? '',
      content: details?.getValue_asU8() ?? new Uint8Array(),
      stream: Buffer.from(stream).toString(),
    };
  }

  /** Ends the call from this side, and waits until it has ended from the other. */
  async end(): Promise<void> {
    const ended = once(this.call, 'end');
    this.call.end();
    await ended;
  }
}

function toRequest({ id, options, events = [], isFinal = false }: Chunk): streams.BatchAppendReq {
  const request = new streams.BatchAppendReq()
    .setCorrelationId(new shared.UUID().setString(id))
    .setProposedMessagesList(events.map(toMessage))
    .setIsFinal(isFinal);
  if (options) request.setOptions(toOptions(options));
  return request;
}

function toOptions(options: NonNullable<Chunk['options']>): streams.BatchAppendReq.Options {
  const { stream, deadlineMs, revision } = options;
  const message = new streams.BatchAppendReq.Options();
  if (stream !== undefined) message.setStreamIdentifier(identifier(stream));
  if (revision === undefined) message.setAny(new empty.Empty());
  else message.setStreamPosition(revision);
  if (deadlineMs !== undefined) {
    const deadline = new timestamp.Timestamp();
    deadline.fromDate(new Date(deadlineMs));
    message.setDeadline(deadline);
  }
  return message;
}

function toMessage(data: Uint8Array): streams.BatchAppendReq.ProposedMessage {
  const message = new streams.BatchAppendReq.ProposedMessage()
    .setId(new shared.UUID().setString(randomUUID()))
    .setData(data);
  message.getMetadataMap().set('type', 'thing').set('content-type', 'application/octet-stream');
  return message;
}
