/** Something that a contender stands on, started and stopped by the benchmark. */
export interface Service {
  readonly url: string;
  stop(): Promise<void>;
}
