import { randomUUID } from 'node:crypto';
import {
  END,
  ErrorType,
  persistentSubscriptionToAllSettingsFromDefaults,
} from '@eventstore/db-client';
import { PosthornError } from '../../kernel/index.js';
import { isClientError } from '../client-error.js';
import type { EventStoreClient } from '../event-store-client.js';
import { adoptError } from './adopt-error.js';
import type { ServerAbilities } from './guarded-client.js';

export interface FirstContact {
  readonly appends: Pick<EventStoreClient, 'readAll'>;
  readonly subscriptions: Pick<
    EventStoreClient,
    'getPersistentSubscriptionToAllInfo' | 'updatePersistentSubscriptionToAll'
  >;
  /** What the server can do, if the client tells. */
  readonly abilities?: () => Promise<ServerAbilities>;
  readonly groupName: string;
  /** The connection string without credentials. */
  readonly shown: string;
  /** Whether a user is named to the server, as far as is known. */
  readonly hasUser: boolean;
}

/** gRPC code of credentials that are wrong; those without the right are told by another. */
const UNAUTHENTICATED = 16;

/** How OpenSSL and Node tell of a certificate or a handshake that was refused. */
const TLS_REFUSALS =
  /certificate|CERT_|unable to (?:get|verify)|altname|wrong version number|SSL routines|ssl3_|tlsv1|EPROTO/i;

/**
 * Makes sure that the server is one to work with: it has what is needed, and its user may do what is needed. The rights are
 * found out before anything is recorded, because a group that cannot be made would leave webhooks registered and silent.
 *
 * @throws PosthornError what waiting would not mend: `PSH_EVENT_STORE_UNAUTHENTICATED`, `PSH_EVENT_STORE_ACCESS_DENIED`,
 * `PSH_EVENT_STORE_TLS_REFUSED`, `PSH_EVENT_STORE_TOO_OLD`
 * @throws whatever else the client throws: the server may be reached later
 */
export async function makeFirstContact(contact: FirstContact): Promise<void> {
  try {
    await checkAbilities(contact);
    await checked(contact, 'read `$all`', () => readNewest(contact));
    await checked(contact, 'administer persistent subscriptions to `$all`', () =>
      administerGroups(contact),
    );
  } catch (cause) {
    const error = adoptError(cause);
    throw isTlsRefusal(error) ? refusal('PSH_EVENT_STORE_TLS_REFUSED', contact, error) : error;
  }
}

async function checkAbilities({ abilities, shown }: FirstContact): Promise<void> {
  const found = await abilities?.();
  if (!found || found.isSufficient) return;
  const detail = `the server at ${shown} has version ${found.version}`;
  throw new PosthornError('PSH_EVENT_STORE_TOO_OLD', detail);
}

async function readNewest({ appends }: FirstContact): Promise<void> {
  const newest = appends.readAll({ direction: 'backwards', fromPosition: END, maxCount: 1 });
  await newest.toArray();
}

/** Whoever may change a group may create one. There is none of this name, so nothing is changed. */
async function administerGroups({ subscriptions, groupName }: FirstContact): Promise<void> {
  const settings = persistentSubscriptionToAllSettingsFromDefaults();
  const nobodys = `${groupName}-${randomUUID()}`;
  await unlessMissing(subscriptions.getPersistentSubscriptionToAllInfo(groupName));
  await unlessMissing(subscriptions.updatePersistentSubscriptionToAll(nobodys, settings));
}

async function unlessMissing(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!isClientError(error, ErrorType.PERSISTENT_SUBSCRIPTION_DOES_NOT_EXIST)) throw error;
  }
}

async function checked(
  contact: FirstContact,
  right: string,
  attempt: () => Promise<void>,
): Promise<void> {
  try {
    await attempt();
  } catch (cause) {
    const error = adoptError(cause);
    if (isClientError(error, ErrorType.UNSUPPORTED)) {
      throw refusal('PSH_EVENT_STORE_TOO_OLD', contact, error);
    }
    if (!isClientError(error, ErrorType.ACCESS_DENIED)) throw error;
    if ('code' in error && error.code === UNAUTHENTICATED) {
      throw refusal('PSH_EVENT_STORE_UNAUTHENTICATED', contact, error);
    }
    const who = contact.hasUser ? 'the user of' : 'who names no user to';
    const detail = `${who} ${contact.shown} may not ${right}`;
    throw new PosthornError('PSH_EVENT_STORE_ACCESS_DENIED', detail, { cause: error });
  }
}

function isTlsRefusal(error: Error): boolean {
  return isClientError(error, ErrorType.UNAVAILABLE) && TLS_REFUSALS.test(error.message);
}

function refusal(
  code:
    'PSH_EVENT_STORE_TOO_OLD' | 'PSH_EVENT_STORE_UNAUTHENTICATED' | 'PSH_EVENT_STORE_TLS_REFUSED',
  { shown }: FirstContact,
  cause: Error,
): PosthornError {
  return new PosthornError(code, `${shown}: ${cause.message}`, { cause });
}
