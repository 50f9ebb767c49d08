/** How far the application has come with starting. */
export class StartUp {
  /** Whether what is due is being delivered: retries, replays and what was put off. */
  isDelivering = false;
}
