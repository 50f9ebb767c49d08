import { createHash, timingSafeEqual } from 'node:crypto';
import type { Metadata } from '@grpc/grpc-js';
import { accessDenied, unauthenticated } from '../errors/call-status.js';

/** Who may do everything. */
export const ADMINS = '$admins';

/** Who may set up persistent subscriptions. */
export const OPERATORS = '$ops';

/** Who makes a call. */
export interface Caller {
  /** `system`: there are no users, so it may do everything; `anonymous`: there are, and it names none. */
  readonly kind: 'system' | 'user' | 'anonymous';
  /** The user; `system` or `anonymous` for those. */
  readonly username: string;
  /** Names under which access control lists may mean this caller: its own, and those of its groups. */
  readonly roles: ReadonlySet<string>;
  /** What the client calls its connection. */
  readonly connectionName: string;
}

/** A user of the server. */
export interface User {
  readonly password: string;
  /** Names that access control lists know; `$admins` may do everything, `$ops` set up persistent subscriptions. */
  readonly groups: readonly string[];
}

/** Users by their names. One that is a password alone is in `$admins`. */
export type Users = Readonly<Record<string, User | string>>;

interface KnownUser {
  readonly passwordDigest: Buffer;
  readonly roles: ReadonlySet<string>;
}

const SYSTEM = { kind: 'system', username: 'system', roles: new Set([ADMINS]) } as const;
const ANONYMOUS = { kind: 'anonymous', username: 'anonymous', roles: new Set<string>() } as const;
const BASIC = /^Basic ([A-Za-z0-9+/]+=*)$/i;

/**
 * Tells who makes a call, by basic authentication. Without users everybody is the system and may do everything; with
 * users, those who name nobody may only ask where and what the server is.
 */
export class Callers {
  readonly #users: ReadonlyMap<string, KnownUser> | undefined;

  constructor(users: Users | undefined) {
    if (!users) return;
    this.#users = new Map(Object.entries(users).map(([name, user]) => [name, known(name, user)]));
  }

  /** @throws CallStatus `UNAUTHENTICATED` for a wrong name or password */
  identify(metadata: Metadata): Caller {
    const connectionName = textOf(metadata, 'connection-name');
    if (!this.#users) return { ...SYSTEM, connectionName };
    const authorization = textOf(metadata, 'authorization');
    if (authorization === '') return { ...ANONYMOUS, connectionName };
    return { ...this.#verified(authorization), kind: 'user', connectionName };
  }

  /** @throws CallStatus `UNAUTHENTICATED`, and `PERMISSION_DENIED` without credentials */
  admit(metadata: Metadata): Caller {
    const caller = this.identify(metadata);
    if (caller.kind === 'anonymous') throw accessDenied();
    return caller;
  }

  /** A name that is not known takes as long as a wrong password. */
  #verified(authorization: string): Pick<Caller, 'username' | 'roles'> {
    const [, encoded = ''] = BASIC.exec(authorization) ?? [];
    const credentials = Buffer.from(encoded, 'base64').toString('utf8');
    const colon = credentials.indexOf(':');
    const username = credentials.slice(0, Math.max(colon, 0));
    const given = digest(credentials.slice(colon + 1));
    const user = this.#users?.get(username);
    const isRight = timingSafeEqual(given, user?.passwordDigest ?? Buffer.alloc(given.length));
    if (!isRight || !user) throw unauthenticated();
    return { username, roles: user.roles };
  }
}

/** @throws CallStatus `PERMISSION_DENIED` for those who may not set up persistent subscriptions */
export function requireOperator({ roles }: Caller): void {
  if (!roles.has(ADMINS) && !roles.has(OPERATORS)) throw accessDenied();
}

function known(name: string, user: User | string): KnownUser {
  const { password, groups } =
    typeof user === 'string' ? { password: user, groups: [ADMINS] } : user;
  return { passwordDigest: digest(password), roles: new Set([name, ...groups]) };
}

function digest(password: string): Buffer {
  return createHash('sha256').update(password).digest();
}

function textOf(metadata: Metadata, name: string): string {
  const [value] = metadata.get(name);
  return typeof value === 'string' ? value : '';
}
