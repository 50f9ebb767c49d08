/** The contract of `posthorn.backfill-{webhookId}-{registration}`. */
export type BackfillEvent =
  | {
      readonly type: 'BackfillAdvanced';
      readonly data: {
        readonly v: 1;
        /** Everything up to here was looked at, and has its delivery if the webhook asked for it. */
        readonly position: string;
        /** Events that the webhook asked for, so far. */
        readonly matched: number;
      };
    }
  | {
      readonly type: 'BackfillCompleted';
      readonly data: { readonly v: 1; readonly matched: number; readonly at: string };
    };
