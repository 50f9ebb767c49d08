import type { EventStoreClient, StreamNames } from '../../event-store/index.js';
import type { ObservedPosition } from '../../feed/index.js';
import type { RegistryDirectory } from '../../registry/index.js';
import type { TenancyOptions } from '../../tenancy/index.js';
import type { DeadLetters } from '../dead-letters.port.js';
import type { PastDeliveries } from '../past-deliveries.port.js';
import { HistorySelection } from '../reading/history-selection.js';
import { type HistorySource, LogSource, StreamSource } from '../reading/history-source.js';
import type { HistoryScope } from '../replay.events.js';
import type { ReplayRecord } from '../replay-record.events.js';
import { DeadLetterStepper } from './dead-letter-stepper.js';
import { HistoryStepper } from './history-stepper.js';
import type { ReplayStepper } from './replay-progress.js';

export interface StepperTools {
  readonly client: Pick<EventStoreClient, 'readAll' | 'readStream'>;
  readonly names: StreamNames;
  readonly tenancy: TenancyOptions;
  readonly directory: Pick<RegistryDirectory, 'entry' | 'find' | 'isWanted'>;
  readonly deliveries: PastDeliveries;
  readonly deadLetters: DeadLetters;
  readonly observed: ObservedPosition;
}

/** Makes what does a replay, by what it replays. */
export function steppers(tools: StepperTools): (replay: ReplayRecord) => ReplayStepper {
  const { client, deadLetters, deliveries, directory, names, observed, tenancy } = tools;
  return (replay) => {
    const { scope } = replay;
    if (scope.kind === 'dead-letters') {
      return new DeadLetterStepper({ client, names, replay, scope, deadLetters, deliveries });
    }
    return new HistoryStepper({
      ...{ replay, scope, deliveries, observed },
      source: sourceOf(client, scope),
      selection: new HistorySelection(scope, names, tenancy),
      registeredAt: directory.entry(scope.webhookId).registeredAt,
      webhook: () => directory.find(scope.webhookId),
      isWanted: (webhook, event) => directory.isWanted(webhook, event),
    });
  };
}

function sourceOf(client: StepperTools['client'], scope: HistoryScope): HistorySource {
  const range = { from: BigInt(scope.range.from), to: BigInt(scope.range.to) };
  return scope.source?.kind === 'stream'
    ? new StreamSource(client, scope.source.stream, range)
    : new LogSource(client, range);
}
