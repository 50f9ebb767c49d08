import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { DeadLetterFilter } from './dead-letters.port.js';
import { DeliveryEngine } from './delivery-engine.js';
import type { DeliveryCommandResult, DeliveryRequest, TestCallResult } from './delivery.service.js';

/** Sends a delivery again; see `DeliveryService.replay`. */
export class ReplayDelivery extends Command<DeliveryCommandResult> {
  constructor(readonly request: DeliveryRequest & { readonly at?: number }) {
    super();
  }
}

/** Gives a delivery up; see `DeliveryService.discard`. */
export class DiscardDelivery extends Command<DeliveryCommandResult> {
  constructor(readonly request: DeliveryRequest) {
    super();
  }
}

/** Replays dead letters by filter; see `DeliveryService.replayDeadLetters`. */
export class ReplayDeadLetters extends Command<{ replayId: string; accepted: number }> {
  constructor(
    readonly request: {
      readonly filter: DeadLetterFilter;
      readonly requestedBy: string;
      readonly reason?: string | null;
    },
  ) {
    super();
  }
}

/** Sends a signed sample; see `DeliveryService.test`. */
export class TestWebhook extends Command<TestCallResult> {
  constructor(readonly webhookId: string) {
    super();
  }
}

@CommandHandler(ReplayDelivery)
export class ReplayDeliveryHandler implements ICommandHandler<ReplayDelivery> {
  constructor(private readonly engine: DeliveryEngine) {}

  execute({ request }: ReplayDelivery): Promise<DeliveryCommandResult> {
    return this.engine.service.replay(request);
  }
}

@CommandHandler(DiscardDelivery)
export class DiscardDeliveryHandler implements ICommandHandler<DiscardDelivery> {
  constructor(private readonly engine: DeliveryEngine) {}

  execute({ request }: DiscardDelivery): Promise<DeliveryCommandResult> {
    return this.engine.service.discard(request);
  }
}

@CommandHandler(ReplayDeadLetters)
export class ReplayDeadLettersHandler implements ICommandHandler<ReplayDeadLetters> {
  constructor(private readonly engine: DeliveryEngine) {}

  execute({ request }: ReplayDeadLetters): Promise<{ replayId: string; accepted: number }> {
    return this.engine.service.replayDeadLetters(request);
  }
}

@CommandHandler(TestWebhook)
export class TestWebhookHandler implements ICommandHandler<TestWebhook> {
  constructor(private readonly engine: DeliveryEngine) {}

  execute({ webhookId }: TestWebhook): Promise<TestCallResult> {
    return this.engine.service.test(webhookId);
  }
}
