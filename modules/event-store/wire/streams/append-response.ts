import type { AppendOutcome, EngineErrorDetail } from '../../embedded/event-log.js';
import { shared, streams } from '../protocol.js';

const { AppendResp } = streams;

/** What Append answers when the events are in the log. */
export function appendedResponse({ revision, position }: AppendOutcome): streams.AppendResp {
  const success = new AppendResp.Success();
  if (revision < 0) success.setNoStream(new shared.Empty());
  else success.setCurrentRevision(String(revision));
  if (position === null) success.setNoPosition(new shared.Empty());
  else {
    success.setPosition(
      new AppendResp.Position()
        .setCommitPosition(String(position))
        .setPreparePosition(String(position)),
    );
  }
  return new AppendResp().setSuccess(success);
}

type WrongExpectedVersion = Extract<EngineErrorDetail, { kind: 'wrong-expected-version' }>;

/** What Append answers when the stream is not where the client expected it: no error, but a message of its own. */
export function wrongVersionResponse(detail: WrongExpectedVersion): streams.AppendResp {
  const message = new AppendResp.WrongExpectedVersion();
  if (detail.current < 0) message.setCurrentNoStream(new shared.Empty());
  else message.setCurrentRevision(String(detail.current));
  const { expected } = detail;
  if (expected === 'any') message.setExpectedAny(new shared.Empty());
  else if (expected === 'no_stream') message.setExpectedNoStream(new shared.Empty());
  else if (expected === 'stream_exists') message.setExpectedStreamExists(new shared.Empty());
  else message.setExpectedRevision(String(expected));
  return new AppendResp().setWrongExpectedVersion(message);
}
