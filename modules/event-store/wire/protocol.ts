/**
 * The EventStoreDB v1 protocol: message classes and service definitions as the official client itself was built with. No
 * other file of the server imports them from where they lie; see docs/decisions/020-the-protocol-classes-of-the-official-client.md.
 */
import code from '@eventstore/db-client/generated/code_pb.js';
import gossip from '@eventstore/db-client/generated/gossip_pb.js';
import gossipServices from '@eventstore/db-client/generated/gossip_grpc_pb.js';
import persistent from '@eventstore/db-client/generated/persistent_pb.js';
import persistentServices from '@eventstore/db-client/generated/persistent_grpc_pb.js';
import features from '@eventstore/db-client/generated/serverfeatures_pb.js';
import featureServices from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import rpc from '@eventstore/db-client/generated/status_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import streamServices from '@eventstore/db-client/generated/streams_grpc_pb.js';
import any from 'google-protobuf/google/protobuf/any_pb.js';
import empty from 'google-protobuf/google/protobuf/empty_pb.js';

export { any, code, empty, features, gossip, persistent, rpc, shared, streams };

export const { StreamsService } = streamServices;
export const { PersistentSubscriptionsService } = persistentServices;
export const { ServerFeaturesService } = featureServices;
export const { GossipService } = gossipServices;
