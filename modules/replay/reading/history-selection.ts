import type { RecordedEvent } from '@eventstore/db-client';
import type { StreamNames } from '../../event-store/index.js';
import { isSelected } from '../../registry/index.js';
import { type TenancyOptions, tenantOf } from '../../tenancy/index.js';
import type { HistoryScope, ReplaySelection } from '../replay.events.js';
import { CLOCK_MARGIN_MS } from './log-places.js';

/** Whether an event is one that a replay takes to its webhook. */
export type SelectionAnswer =
  | { readonly kind: 'selected'; readonly tenantId: string | null }
  /** Not asked for. */
  | { readonly kind: 'other' }
  /** Perhaps asked for, but whose event it is cannot be told: then it is nobody's. */
  | { readonly kind: 'unreadable'; readonly error: unknown };

const OTHER: SelectionAnswer = { kind: 'other' };

/**
 * Which events a replay takes to its webhook: those within the range that the webhook asked for when the replay was
 * started, still asks for, and that were asked for again. So a change of the webhook in the middle of a replay never
 * replays what it only then began to listen to, and delivers nothing that it no longer wants.
 */
export class HistorySelection {
  readonly #names: StreamNames;
  readonly #tenancy: TenancyOptions;
  readonly #selections: readonly ReplaySelection[];
  readonly #firstPosition: bigint;
  readonly #fromMs: number;
  readonly #toMs: number;

  constructor(scope: HistoryScope, names: StreamNames, tenancy: TenancyOptions) {
    const { eventTypes, from, selection, source, to } = scope;
    this.#names = names;
    this.#tenancy = tenancy;
    const everything = {
      tenantId: null,
      isGlobal: true,
      source: { kind: 'all' },
      eventTypes: ['*'],
    };
    const asked = {
      ...everything,
      ...(eventTypes && { eventTypes }),
      ...(source && { source }),
    } as ReplaySelection;
    this.#selections = [asked, selection];
    const isPlace = typeof from === 'object';
    this.#firstPosition = isPlace && 'position' in from ? BigInt(from.position) : 0n;
    this.#fromMs = isPlace && 'time' in from ? Date.parse(from.time) : -Infinity;
    this.#toMs = to && 'time' in to ? Date.parse(to.time) : Infinity;
  }

  /** Whether neither `event` nor anything behind it can be within the range. */
  isBeyond(event: RecordedEvent): boolean {
    return event.created.getTime() > this.#toMs + CLOCK_MARGIN_MS;
  }

  /** @param current what the webhook asks for now */
  select(event: RecordedEvent, current: ReplaySelection): SelectionAnswer {
    const { streamId: stream, type } = event;
    if (!this.#names.isOfApplication(event) || !this.#isInRange(event)) return OTHER;
    const selections = [...this.#selections, current];
    const isOfInterest = selections.every((selection) =>
      isSelected({ ...selection, isGlobal: true }, { type, stream, tenantId: null }),
    );
    if (!isOfInterest) return OTHER;
    try {
      const tenantId = tenantOf(event, this.#tenancy);
      const isWanted = selections.every((selection) =>
        isSelected(selection, { type, stream, tenantId }),
      );
      return isWanted ? { kind: 'selected', tenantId } : OTHER;
    } catch (error) {
      return { kind: 'unreadable', error };
    }
  }

  #isInRange({ created, position }: RecordedEvent): boolean {
    const at = created.getTime();
    return at >= this.#fromMs && at < this.#toMs && (position?.commit ?? 0n) >= this.#firstPosition;
  }
}
