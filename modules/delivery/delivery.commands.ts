import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
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

@CommandHandler(TestWebhook)
export class TestWebhookHandler implements ICommandHandler<TestWebhook> {
  constructor(private readonly engine: DeliveryEngine) {}

  execute({ webhookId }: TestWebhook): Promise<TestCallResult> {
    return this.engine.service.test(webhookId);
  }
}
