import type { LogRecord } from '../embedded/event-log.js';
import { isHiddenFromAll } from '../embedded/system-names.js';
import { ALL, type GroupConfig, groupKey } from './group-settings.js';
import type { RunningGroup } from './running-group.js';

/** The groups that run, and which of them a record concerns. */
export class GroupSet {
  readonly #groups = new Map<string, RunningGroup>();
  readonly #ofStream = new Map<string, readonly RunningGroup[]>();
  #ofAll: readonly RunningGroup[] = [];
  readonly #knownSources = new Set<string>();

  get all(): readonly RunningGroup[] {
    return [...this.#groups.values()];
  }

  get configs(): readonly GroupConfig[] {
    return this.all.map(({ config }) => config);
  }

  find(eventSource: string, group: string): RunningGroup | undefined {
    return this.#groups.get(groupKey(eventSource, group));
  }

  /** Whether the source has or had a group. */
  isKnown(eventSource: string): boolean {
    return this.#knownSources.has(eventSource);
  }

  add(group: RunningGroup): void {
    const { eventSource } = group.config;
    this.#groups.set(group.key, group);
    this.#knownSources.add(eventSource);
    if (eventSource === ALL) this.#ofAll = [...this.#ofAll, group];
    else this.#ofStream.set(eventSource, [...(this.#ofStream.get(eventSource) ?? []), group]);
  }

  remove(group: RunningGroup): void {
    const { eventSource } = group.config;
    const isOther = (other: RunningGroup): boolean => other !== group;
    this.#groups.delete(group.key);
    this.#ofAll = this.#ofAll.filter(isOther);
    const left = (this.#ofStream.get(eventSource) ?? []).filter(isOther);
    if (left.length > 0) this.#ofStream.set(eventSource, left);
    else this.#ofStream.delete(eventSource);
  }

  /** Tells the groups whose source it belongs to that a record was committed. */
  committed(record: LogRecord): void {
    const ofStream = this.#ofStream.get(record.stream);
    if (ofStream) for (const group of ofStream) group.committed(record);
    if (this.#ofAll.length === 0 || isHiddenFromAll(record.stream)) return;
    for (const group of this.#ofAll) group.committed(record);
  }

  tick(): void {
    for (const group of this.#groups.values()) group.tick();
  }
}
