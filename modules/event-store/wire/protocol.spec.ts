import { createRequire } from 'node:module';
import {
  GossipService,
  persistent,
  PersistentSubscriptionsService,
  ServerFeaturesService,
  shared,
  streams,
  StreamsService,
} from './protocol.js';
import { UINT64_MAX } from './wire-number.js';

const { version } = createRequire(import.meta.url)('@eventstore/db-client/package.json') as {
  version: string;
};

/** The protocol classes are internal files of the client: a change of its version has to come here first. */
describe('the protocol', () => {
  it('is that of the pinned client', () => {
    expect(version).toBe('6.2.1');
  });

  it.each([
    ['Streams', StreamsService, ['Append', 'BatchAppend', 'Delete', 'Read', 'Tombstone']],
    [
      'PersistentSubscriptions',
      PersistentSubscriptionsService,
      ['Create', 'Delete', 'GetInfo', 'List', 'Read', 'ReplayParked', 'RestartSubsystem', 'Update'],
    ],
    ['ServerFeatures', ServerFeaturesService, ['GetSupportedMethods']],
    ['Gossip', GossipService, ['Read']],
  ])('has the calls of %s', (_name, service, methods) => {
    const paths = Object.values(service).map(({ path }: { path: string }) => path);

    expect(paths.map((path) => path.split('/')[2]).sort()).toEqual(methods);
  });

  it('gives the fields that clients go by the numbers that they have on the wire', () => {
    const { ReadResp, ReadReq, AppendResp, BatchAppendReq, BatchAppendResp } = streams;

    expect(ReadResp.ContentCase).toMatchObject({
      EVENT: 1,
      CONFIRMATION: 2,
      CHECKPOINT: 3,
      STREAM_NOT_FOUND: 4,
      CAUGHT_UP: 8,
    });
    expect(ReadReq.Options.CountOptionCase).toMatchObject({ COUNT: 5, SUBSCRIPTION: 6 });
    expect(ReadReq.Options.FilterOptionCase).toMatchObject({ FILTER: 7, NO_FILTER: 8 });
    expect(AppendResp.ResultCase).toMatchObject({ SUCCESS: 1, WRONG_EXPECTED_VERSION: 2 });
    expect(BatchAppendReq.Options.ExpectedStreamPositionCase).toMatchObject({
      STREAM_POSITION: 2,
      NO_STREAM: 3,
      ANY: 4,
      STREAM_EXISTS: 5,
    });
    expect(BatchAppendResp.ResultCase).toMatchObject({ ERROR: 2, SUCCESS: 3 });
    expect(persistent.ReadReq.Nack.Action).toEqual({
      UNKNOWN: 0,
      PARK: 1,
      RETRY: 2,
      SKIP: 3,
      STOP: 4,
    });
  });

  it('keeps 64-bit numbers exact', () => {
    const position = new shared.AllStreamPosition()
      .setCommitPosition(UINT64_MAX.toString())
      .setPreparePosition('9223372036854775807');

    const read = shared.AllStreamPosition.deserializeBinary(position.serializeBinary());

    expect(read.getCommitPosition()).toBe('18446744073709551615');
    expect(read.getPreparePosition()).toBe('9223372036854775807');
  });
});
