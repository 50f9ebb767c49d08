import type { Clock } from '../kernel/index.js';
import { deliveryIdAt } from './delivery-id.js';
import {
  type DueChange,
  type DueDeliveries,
  type DueDelivery,
  type OthersPage,
  UNOWNED,
} from './due-deliveries.port.js';
import { EVERYTHING, type IdRange, LiveInstances } from './live-instances.js';

/** A share of what is due of a webhook, read a page at a time. */
export interface DuePage {
  readonly deliveries: readonly DueDelivery[];
  /** Whether there was more than was asked for. */
  readonly isMore: boolean;
  /** When to look for more, in epoch milliseconds, if there is no more now; `undefined`: after the next change. */
  readonly nextLookAt: number | undefined;
}

/** The part of what is due that is read by itself: what this instance may attempt at once, or what others left. */
export interface DueShare {
  /** When to look, now that this has changed, in epoch milliseconds; `undefined` when it is no business of this share. */
  lookAt(change: DueChange): number | undefined;
  /** At most `limit` deliveries that may be attempted now, without those in `except`. */
  read(webhookId: string, limit: number, except: ReadonlySet<string>): Promise<DuePage>;
  /** The webhook is not what it was: what is due of it may be attemptable only from now on. */
  webhookChanged(webhookId: string): void;
  /** Somebody else was quicker with a delivery of this webhook. @returns whether what else was read is better left */
  collided(webhookId: string): boolean;
  /** An instance was seen to claim a delivery. */
  seen(instance: string): void;
}

/** What this instance attempts when it is due, earliest first: what it owns, or everything where nobody else can. */
export class OwnShare implements DueShare {
  readonly #due: DueDeliveries;
  readonly #clock: Clock;
  readonly #owner: string | undefined;

  /** @param owner this instance; `undefined`: no other one is alive, whoever owns what is due */
  constructor(due: DueDeliveries, clock: Clock, owner?: string) {
    this.#due = due;
    this.#clock = clock;
    this.#owner = owner;
  }

  lookAt({ owner, dueAt }: DueChange): number | undefined {
    return this.#owner === undefined || this.#owner === owner ? dueAt : undefined;
  }

  async read(webhookId: string, limit: number, except: ReadonlySet<string>): Promise<DuePage> {
    const owned = this.#owner === undefined ? {} : { owner: this.#owner };
    const rows = await this.#due.page({ webhookId, ...owned, limit: limit + 1, except });
    const now = this.#clock.now();
    const due = rows.filter(({ dueAt }) => dueAt <= now);
    return {
      deliveries: due.slice(0, limit),
      isMore: due.length > limit,
      nextLookAt: rows[due.length]?.dueAt,
    };
  }

  webhookChanged(): void {
    // What is due is looked for at once, whenever it became so.
  }

  collided(): boolean {
    return false;
  }

  seen(): void {
    // Whoever else works leaves alone what this instance owns, for as long as it keeps up.
  }
}

/** How long the owner of a delivery is left alone with it after it was due, in milliseconds. */
export const TAKE_OVER_AFTER_MS = 10_000;
/** Others begin to look within this time after that, each at a moment of its own. */
export const TAKE_OVER_SPREAD_MS = 10_000;
/** What nobody owns is looked for within this time, by each at a moment of its own. */
const UNOWNED_SPREAD_MS = 1_000;
/** A webhook is looked at no more often than this while there is nothing to take. */
const LEAST_PAUSE_MS = 1_000;
/** Others are left alone with what is in their ranges for this long, once there is nothing in the own one. */
const HELP_AFTER_MS = 5_000;

/** Where this instance is among the deliveries of a webhook that it takes. */
interface Walk {
  /** The id behind which it goes on. */
  place: string;
  /** Until when it stays in its own range, in epoch milliseconds; `undefined`: it has had no reason to leave it. */
  staysUntil: number | undefined;
}

/**
 * What other instances did not attempt in time, because they are gone or have more than they can do, and what nobody can
 * own. Due long ago and attemptable only now, because the webhook was resumed or this instance has just started, counts as
 * due now: then its owner has only just begun, too.
 *
 * A few are taken by whoever looks first. Instances that work off a backlog seldom meet: each walks it by id, and ids are
 * hashes; it begins at a place of its own, stays in a range of its own as soon as it has seen the others work, and helps
 * them when that range has been empty for a while.
 */
export class OthersShare implements DueShare {
  readonly #due: DueDeliveries;
  readonly #clock: Clock;
  readonly #owner: string;
  readonly #random: () => number;
  readonly #live: LiveInstances;
  readonly #startedAt: number;
  /** When webhooks changed since. */
  readonly #changedAt = new Map<string, number>();
  /** In the webhooks that this instance takes something of. */
  readonly #walks = new Map<string, Walk>();

  /** @param random in [0, 1) */
  constructor(due: DueDeliveries, clock: Clock, owner: string, random: () => number) {
    this.#due = due;
    this.#clock = clock;
    this.#owner = owner;
    this.#random = random;
    this.#live = new LiveInstances(clock, owner);
    this.#startedAt = clock.now();
  }

  lookAt({ webhookId, owner, dueAt }: DueChange): number | undefined {
    if (owner === this.#owner) return undefined;
    return owner === UNOWNED ? this.#unownedLookAt(dueAt) : this.#ownedLookAt(webhookId, dueAt);
  }

  async read(webhookId: string, limit: number, except: ReadonlySet<string>): Promise<DuePage> {
    const walk = this.#walks.get(webhookId) ?? { place: this.#anyPlace(), staysUntil: undefined };
    const ask = (range: IdRange): Promise<OthersPage> =>
      this.#page(webhookId, walk.place, range, limit, except);
    const page = await this.#choose(walk, ask, limit);
    const deliveries = page.deliveries.slice(0, limit);
    walk.place = deliveries.at(-1)?.deliveryId ?? walk.place;
    if (page.isAnyWanted) this.#walks.set(webhookId, walk);
    else this.#walks.delete(webhookId);
    return {
      deliveries,
      isMore: page.deliveries.length > limit,
      nextLookAt: this.#nextLookAt(webhookId, page, walk),
    };
  }

  webhookChanged(webhookId: string): void {
    this.#changedAt.set(webhookId, this.#clock.now());
  }

  collided(webhookId: string): boolean {
    const walk = this.#walks.get(webhookId);
    if (!walk) return true;
    walk.place = this.#anyPlace();
    walk.staysUntil = this.#clock.now() + HELP_AFTER_MS;
    return true;
  }

  seen(instance: string): void {
    this.#live.seen(instance);
  }

  /** A page of the own range, or, if that has no whole one, of everything. */
  async #choose(
    walk: Walk,
    ask: (range: IdRange) => Promise<OthersPage>,
    limit: number,
  ): Promise<OthersPage> {
    const own = await ask(this.#live.ownRange());
    const isWhole = own.deliveries.length > limit;
    if (isWhole) walk.staysUntil = undefined;
    if (isWhole || !own.isAnyWanted) return own;
    const now = this.#clock.now();
    if (walk.staysUntil !== undefined && walk.staysUntil > now) return own;
    const all = await ask(EVERYTHING);
    const isFew = all.deliveries.length <= limit;
    if (isFew || walk.staysUntil !== undefined) return all;
    if (own.deliveries.length === 0) walk.staysUntil = now + HELP_AFTER_MS;
    return own;
  }

  #page(
    webhookId: string,
    afterId: string,
    { from, to }: IdRange,
    limit: number,
    except: ReadonlySet<string>,
  ): Promise<OthersPage> {
    const now = this.#clock.now();
    const isOwnersTurn = now < this.#attemptableSince(webhookId) + TAKE_OVER_AFTER_MS;
    return this.#due.others({
      webhookId,
      owner: this.#owner,
      ownedDueBefore: isOwnersTurn ? -1 : now - TAKE_OVER_AFTER_MS,
      unownedDueBefore: now,
      limit: limit + 1,
      fromId: from,
      toId: to,
      afterId,
      except,
    });
  }

  #nextLookAt(
    webhookId: string,
    { isAnyWanted, nextOwnedDueAt, nextUnownedDueAt }: OthersPage,
    { staysUntil }: Walk,
  ): number | undefined {
    const looks = [
      ...(isAnyWanted ? [staysUntil ?? 0] : []),
      ...(nextOwnedDueAt === null ? [] : [this.#ownedLookAt(webhookId, nextOwnedDueAt)]),
      ...(nextUnownedDueAt === null ? [] : [this.#unownedLookAt(nextUnownedDueAt)]),
    ];
    if (looks.length === 0) return undefined;
    return Math.max(Math.min(...looks), this.#clock.now() + LEAST_PAUSE_MS);
  }

  #anyPlace(): string {
    return deliveryIdAt(this.#random());
  }

  #attemptableSince(webhookId: string): number {
    return this.#changedAt.get(webhookId) ?? this.#startedAt;
  }

  #ownedLookAt(webhookId: string, dueAt: number): number {
    const attemptableAt = Math.max(dueAt, this.#attemptableSince(webhookId));
    return attemptableAt + TAKE_OVER_AFTER_MS + this.#random() * TAKE_OVER_SPREAD_MS;
  }

  #unownedLookAt(dueAt: number): number {
    return Math.max(dueAt, this.#clock.now()) + this.#random() * UNOWNED_SPREAD_MS;
  }
}
