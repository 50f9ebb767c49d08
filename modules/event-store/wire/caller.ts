import { createHash, timingSafeEqual } from 'node:crypto';
import type { Metadata } from '@grpc/grpc-js';
import { accessDenied, unauthenticated } from './errors/call-status.js';

/** Who makes a call. */
export interface Caller {
  /** The user; `system` where there are no users, `anonymous` without credentials where there are. */
  readonly username: string;
  readonly isAnonymous: boolean;
  /** What the client calls its connection. */
  readonly connectionName: string;
}

/** Names of users, and their passwords. */
export type Users = Readonly<Record<string, string>>;

const SYSTEM = 'system';
const ANONYMOUS = 'anonymous';
const BASIC = /^Basic ([A-Za-z0-9+/]+=*)$/i;

/**
 * Tells who makes a call, by basic authentication. Without users everybody is the system and may do everything; with
 * users, everyone of them may do everything, and those who name nobody may only ask where and what the server is.
 */
export class Callers {
  readonly #passwords: ReadonlyMap<string, Buffer> | undefined;

  constructor(users: Users | undefined) {
    if (!users) return;
    this.#passwords = new Map(
      Object.entries(users).map(([name, password]) => [name, digest(password)]),
    );
  }

  /** @throws CallStatus `UNAUTHENTICATED` for a wrong name or password */
  identify(metadata: Metadata): Caller {
    const connectionName = textOf(metadata, 'connection-name');
    if (!this.#passwords) return { username: SYSTEM, isAnonymous: false, connectionName };
    const authorization = textOf(metadata, 'authorization');
    if (authorization === '') return { username: ANONYMOUS, isAnonymous: true, connectionName };
    return { username: this.#verified(authorization), isAnonymous: false, connectionName };
  }

  /** @throws CallStatus `UNAUTHENTICATED`, and `PERMISSION_DENIED` without credentials */
  admit(metadata: Metadata): Caller {
    const caller = this.identify(metadata);
    if (caller.isAnonymous) throw accessDenied();
    return caller;
  }

  /** A name that is not known takes as long as a wrong password. */
  #verified(authorization: string): string {
    const [, encoded = ''] = BASIC.exec(authorization) ?? [];
    const credentials = Buffer.from(encoded, 'base64').toString('utf8');
    const colon = credentials.indexOf(':');
    const username = credentials.slice(0, Math.max(colon, 0));
    const given = digest(credentials.slice(colon + 1));
    const password = this.#passwords?.get(username);
    const isRight = timingSafeEqual(given, password ?? Buffer.alloc(given.length));
    if (!isRight || !password) throw unauthenticated();
    return username;
  }
}

function digest(password: string): Buffer {
  return createHash('sha256').update(password).digest();
}

function textOf(metadata: Metadata, name: string): string {
  const [value] = metadata.get(name);
  return typeof value === 'string' ? value : '';
}
