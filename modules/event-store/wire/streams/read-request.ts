import type { LogFilter } from '../../embedded/event-log.js';
import { invalidArgument } from '../errors/call-status.js';
import { toLogFilter } from '../log-filter-message.js';
import { streams } from '../protocol.js';
import { toEngineNumber } from '../wire-number.js';
import { streamNameOf } from '../wire-text.js';
import type { UuidForm } from '../wire-uuid.js';

type Options = streams.ReadReq.Options;

/** Where a read begins. */
type From = number | 'start' | 'end';

interface Common {
  readonly from: From;
  readonly resolveLinks: boolean;
  readonly uuidForm: UuidForm;
}

interface Finite {
  readonly direction: 'forwards' | 'backwards';
  readonly maxCount: number;
}

interface Filtered {
  readonly filter?: LogFilter;
  /** Checkpoints of a filtered subscription, in records of the log. */
  readonly checkpointEvery?: number;
}

/** What a client wants to read. */
export type ReadRequest =
  | (Common & Finite & { readonly kind: 'read-stream'; readonly stream: string })
  | (Common & Finite & Filtered & { readonly kind: 'read-all' })
  | (Common & { readonly kind: 'subscribe-to-stream'; readonly stream: string })
  | (Common & Filtered & { readonly kind: 'subscribe-to-all' });

/** A request of one kind. */
export type Requested<Kind extends ReadRequest['kind']> = Extract<ReadRequest, { kind: Kind }>;

/** Records that a filtered read considers per page unless the client says otherwise. */
const DEFAULT_WINDOW = 32;

/** @throws CallStatus `INVALID_ARGUMENT` for a combination that there is not, or a filter that is not complete */
export function parseReadRequest(request: streams.ReadReq): ReadRequest {
  const options = request.getOptions() ?? new streams.ReadReq.Options();
  checkCombination(options);
  const common = { resolveLinks: options.getResolveLinks(), uuidForm: uuidFormOf(options) };
  const isSubscription = options.hasSubscription();
  const stream = options.getStream();
  if (stream) {
    const target = {
      ...common,
      from: streamStart(stream),
      stream: streamNameOf(stream.getStreamIdentifier()),
    };
    if (target.stream === '') throw invalidArgument('The name of a stream is not empty');
    return isSubscription
      ? { kind: 'subscribe-to-stream', ...target }
      : { kind: 'read-stream', ...target, ...finite(options) };
  }
  const target = { ...common, from: allStart(options), ...filtered(options) };
  return isSubscription
    ? { kind: 'subscribe-to-all', ...target }
    : { kind: 'read-all', ...target, ...finite(options) };
}

function checkCombination(options: Options): void {
  const { StreamOptionCase, CountOptionCase, FilterOptionCase, ReadDirection } =
    streams.ReadReq.Options;
  const source = options.getStreamOptionCase();
  const count = options.getCountOptionCase();
  const filter = options.getFilterOptionCase();
  const isComplete =
    source !== StreamOptionCase.STREAM_OPTION_NOT_SET &&
    count !== CountOptionCase.COUNT_OPTION_NOT_SET &&
    filter !== FilterOptionCase.FILTER_OPTION_NOT_SET;
  const isFilteredStream = options.hasStream() && options.hasFilter();
  const isBackwards = options.getReadDirection() === ReadDirection.BACKWARDS;
  if (isComplete && !isFilteredStream && !(options.hasSubscription() && isBackwards)) return;
  throw invalidArgument(
    `The combination of (${source}, ${count}, ${options.getReadDirection()}, ${filter}) is invalid.`,
  );
}

function uuidFormOf(options: Options): UuidForm {
  const option = options.getUuidOption();
  if (option?.hasString()) return 'string';
  if (option?.hasStructured()) return 'structured';
  throw invalidArgument('The form of UUIDs is not set.');
}

function finite(options: Options): Finite {
  const { ReadDirection } = streams.ReadReq.Options;
  const isBackwards = options.getReadDirection() === ReadDirection.BACKWARDS;
  return {
    direction: isBackwards ? 'backwards' : 'forwards',
    maxCount: toEngineNumber(BigInt(options.getCount())),
  };
}

function streamStart(stream: streams.ReadReq.Options.StreamOptions): From {
  const { RevisionOptionCase } = streams.ReadReq.Options.StreamOptions;
  switch (stream.getRevisionOptionCase()) {
    case RevisionOptionCase.REVISION:
      return toEngineNumber(BigInt(stream.getRevision()));
    case RevisionOptionCase.START:
      return 'start';
    case RevisionOptionCase.END:
      return 'end';
    case RevisionOptionCase.REVISION_OPTION_NOT_SET:
      throw invalidArgument('The revision to read from is not set.');
  }
}

function allStart(options: Options): From {
  const { AllOptionCase } = streams.ReadReq.Options.AllOptions;
  const all = options.getAll() ?? new streams.ReadReq.Options.AllOptions();
  switch (all.getAllOptionCase()) {
    case AllOptionCase.POSITION:
      return toEngineNumber(BigInt(all.getPosition()?.getCommitPosition() ?? 0));
    case AllOptionCase.START:
      return 'start';
    case AllOptionCase.END:
      return 'end';
    case AllOptionCase.ALL_OPTION_NOT_SET:
      throw invalidArgument('The position to read from is not set.');
  }
}

function filtered(options: Options): Filtered {
  const filter = options.getFilter();
  if (!filter) return {};
  const { WindowCase } = streams.ReadReq.Options.FilterOptions;
  if (filter.getWindowCase() === WindowCase.WINDOW_NOT_SET) {
    throw invalidArgument('The search window of the filter is not set.');
  }
  const window = filter.hasMax() ? filter.getMax() : DEFAULT_WINDOW;
  const multiplier = filter.getCheckpointintervalmultiplier();
  if (window === 0 || multiplier === 0) {
    throw invalidArgument('Search window and checkpoint interval are greater than 0.');
  }
  return { filter: toLogFilter(filter), checkpointEvery: window * multiplier };
}
