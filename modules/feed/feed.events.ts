/** The contract of `posthorn.feed`. */
export type FeedEvent =
  | {
      /** Everything before `position` was observed: where a missing consumer group is created again. */
      readonly type: 'FeedBookmarked';
      readonly data: { readonly v: 1; readonly position: string; readonly at: string };
    }
  | {
      /** An event that could not be taken to its deliveries, several times in a row. Nothing of it is lost: it stays here. */
      readonly type: 'FeedEventQuarantined';
      readonly data: {
        readonly v: 1;
        readonly position: string;
        readonly stream: string;
        readonly revision: string;
        readonly eventId: string;
        readonly eventType: string;
        /** Error code, or the class of an unexpected error. Never a payload. */
        readonly code: string;
        readonly message: string;
        readonly at: string;
      };
    };
