import { randomUUID } from 'node:crypto';
import type { handleUnaryCall } from '@grpc/grpc-js';
import type { Clock } from '../../kernel/index.js';
import { gossip, type shared } from './protocol.js';
import { toTicks } from './recorded-event.js';
import { structuredUuid } from './wire-uuid.js';

/** Where a server is reached. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/**
 * Gossip.Read: a cluster of one, for clients that discover. It advertises the address under which the client reached it:
 * that one works, through port mappings and proxies, and is what the certificate covers.
 */
export function gossipCall(
  clock: Clock,
  listening: () => Address,
): handleUnaryCall<shared.Empty, gossip.ClusterInfo> {
  const instanceId = structuredUuid(randomUUID());
  return (call, callback) => {
    const { host, port } = parseAuthority(call.getHost()) ?? listening();
    const member = new gossip.MemberInfo()
      .setInstanceId(instanceId)
      .setTimeStamp(toTicks(clock.now()))
      .setState(gossip.MemberInfo.VNodeState.LEADER)
      .setIsAlive(true)
      .setHttpEndPoint(new gossip.EndPoint().setAddress(host).setPort(port));
    callback(null, new gossip.ClusterInfo().setMembersList([member]));
  };
}

/** `host:port` or `[address]:port`, as clients write where they connect to. */
function parseAuthority(authority: string): Address | undefined {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(authority) ?? [];
  const host = bracketed ?? plain;
  return host === undefined ? undefined : { host, port: Number(port) };
}
