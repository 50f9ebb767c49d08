import type { MethodDefinition } from '@grpc/grpc-js';

type Responses<Response> = Omit<
  MethodDefinition<never, Response>,
  'requestSerialize' | 'requestDeserialize' | 'originalName'
>;

/** The method, with requests that are read by `read` instead of the generated classes. */
export function readsRequests<Request, Response>(
  method: Responses<Response>,
  read: (bytes: Buffer) => Request,
): MethodDefinition<Request, Response> {
  return { ...method, requestDeserialize: read, requestSerialize: onlyClientsDo };
}

/** The method, with responses that are bytes already when they are sent. */
export function sendsBytes<Request, Response>(
  method: MethodDefinition<Request, Response>,
): MethodDefinition<Request, Buffer> {
  return { ...method, responseSerialize: asIs, responseDeserialize: asIs };
}

function asIs(bytes: Buffer): Buffer {
  return bytes;
}

function onlyClientsDo(): never {
  throw new Error('A server writes no requests');
}
