import type { EventLog, LogRecord, ResolvedRecord } from '../../embedded/event-log.js';
import {
  parseDefaultAcl,
  parseMetadataAcl,
  type StreamAcl,
} from '../../embedded/stream-metadata.js';
import { isMetastream, metastreamOf, originalOf } from '../../embedded/system-names.js';
import { accessDenied, CallStatus } from '../errors/call-status.js';
import { ADMINS, type Caller } from './caller.js';

/** What somebody wants to do with a stream, or with `$all`. */
export type StreamAction = 'read' | 'write' | 'delete';

type Right = keyof StreamAcl;

const RIGHTS: Readonly<Record<StreamAction, Right>> = { read: '$r', write: '$w', delete: '$d' };

/** Nobody may delete metadata; reading and writing it are rights of their own. */
const METADATA_RIGHTS: Readonly<Partial<Record<StreamAction, Right>>> = {
  read: '$mr',
  write: '$mw',
};

/** In an access control list: everybody who is known. */
const EVERYBODY = '$all';

/** Where the defaults are kept, and under which names. */
const SETTINGS = '$settings';
const USER_DEFAULTS = '$userStreamAcl';
const SYSTEM_DEFAULTS = '$systemStreamAcl';

const LISTS_KEPT = 16_384;

const DOLLAR = 36;

/**
 * Judges by the access control lists of streams, as EventStoreDB does: what a stream's own list does not decide, the defaults
 * in `$settings` decide, and where these do not either, everybody may do everything with streams of users, and
 * administrators alone with those of the system and with `$all`. Administrators pass everywhere, and where there are no users
 * nobody is judged.
 */
export class StreamAccess {
  readonly #log: EventLog;
  /** Lists by the stream that they are about; a change of metadata throws the list out. */
  #lists = new Map<string, Promise<StreamAcl | undefined>>();
  #defaults: Promise<Record<'user' | 'system', StreamAcl | undefined>> | undefined;
  readonly #stop: () => void;

  constructor(log: EventLog) {
    this.#log = log;
    this.#stop = log.onCommitted((records) => {
      for (const { stream } of records) this.#forget(stream);
    });
  }

  close(): void {
    this.#stop();
  }

  /**
   * Checks whether `caller` may do `action`.
   * @returns `undefined` if that is clear at once; else what rejects with the same errors when it is known
   * @throws CallStatus `PERMISSION_DENIED`
   */
  check(caller: Caller, action: StreamAction, stream: string): Promise<void> | undefined {
    if (caller.kind === 'system') return undefined;
    const isMetadata = isMetastream(stream);
    const right = isMetadata ? METADATA_RIGHTS[action] : RIGHTS[action];
    if (caller.kind === 'anonymous' || right === undefined) throw accessDenied();
    if (caller.roles.has(ADMINS)) return undefined;
    return this.#check(caller, right, isMetadata ? originalOf(stream) : stream);
  }

  /**
   * What `caller` is shown of a link that was resolved: without its event where that is in a stream that the caller may not
   * read, since anybody may write a link to anything.
   */
  shown(caller: Caller, entry: ResolvedRecord): ResolvedRecord | Promise<ResolvedRecord> {
    const { event, link } = entry;
    if (!event || !link || event.stream === link.stream) return entry;
    const check = this.#checkTarget(caller, event.stream);
    return check ? check.then((isReadable) => (isReadable ? entry : { link })) : entry;
  }

  #checkTarget(caller: Caller, stream: string): Promise<boolean> | undefined {
    return this.check(caller, 'read', stream)?.then(
      () => true,
      (error: unknown) => {
        if (error instanceof CallStatus) return false;
        throw error;
      },
    );
  }

  async #check({ roles }: Caller, right: Right, stream: string): Promise<void> {
    const list = await this.#listOf(stream);
    const names = list?.[right] ?? (await this.#defaultsOf(stream))?.[right] ?? builtIn(stream);
    if (!names.some((name) => name === EVERYBODY || roles.has(name))) throw accessDenied();
  }

  async #listOf(stream: string): Promise<StreamAcl | undefined> {
    const known = this.#lists.get(stream);
    if (known) return known;
    const list = this.#last(metastreamOf(stream)).then(
      (event) => event && parseMetadataAcl(event.data, event.isJson),
    );
    if (this.#lists.size >= LISTS_KEPT) this.#lists = new Map();
    this.#lists.set(stream, list);
    list.catch(() => this.#lists.delete(stream));
    return list;
  }

  async #defaultsOf(stream: string): Promise<StreamAcl | undefined> {
    this.#defaults ??= this.#last(SETTINGS).then((event) => ({
      user: event && parseDefaultAcl(event.data, USER_DEFAULTS),
      system: event && parseDefaultAcl(event.data, SYSTEM_DEFAULTS),
    }));
    this.#defaults.catch(() => (this.#defaults = undefined));
    return (await this.#defaults)[isSystem(stream) ? 'system' : 'user'];
  }

  async #last(stream: string): Promise<LogRecord | undefined> {
    const { records } = await this.#log.readStream({
      stream,
      direction: 'backwards',
      from: 'end',
      limit: 1,
      resolveLinks: false,
    });
    return records[0]?.event;
  }

  #forget(stream: string): void {
    if (stream.charCodeAt(0) !== DOLLAR) return;
    if (stream === SETTINGS) this.#defaults = undefined;
    else if (isMetastream(stream)) this.#lists.delete(originalOf(stream));
  }
}

function isSystem(stream: string): boolean {
  return stream.charCodeAt(0) === DOLLAR;
}

function builtIn(stream: string): readonly string[] {
  return isSystem(stream) ? [ADMINS] : [EVERYBODY];
}
