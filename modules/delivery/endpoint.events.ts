/**
 * The contract of the endpoint streams, `posthorn.endpoint-{webhookId}`: how the endpoint of a webhook fares, where somebody
 * should know. Only turns are recorded, never a request: at most four events while it fails, and one when it has recovered.
 * Events are never renamed; readers tolerate unknown fields. Times are ISO 8601 in UTC.
 */
export type EndpointEvent =
  | {
      /** Every attempt has failed for so long. */
      readonly type: 'EndpointFailing';
      readonly data: {
        readonly v: 1;
        readonly webhookId: string;
        /** 1, 2 and 3 are warnings; at 4 the webhook is about to be disabled. */
        readonly stage: EndpointStage;
        /** When the first attempt was recorded that failed since the last success. */
        readonly failingSince: string;
        /** When the last one was. */
        readonly lastFailureAt: string;
        /** How many failed in between, both included. */
        readonly failureCount: number;
        /** When the webhook is disabled, if every attempt goes on to fail; `null`: never. */
        readonly disablesAt: string | null;
        readonly at: string;
      };
    }
  | {
      /** An attempt succeeded, after it had been said that all fail. */
      readonly type: 'EndpointRecovered';
      readonly data: {
        readonly v: 1;
        readonly webhookId: string;
        readonly failingSince: string;
        readonly at: string;
      };
    };

export type EndpointStage = 1 | 2 | 3 | 4;
