/** Whether one part of the service does its work, and what it says about itself. */
export interface ReadinessCheck {
  readonly name: 'event-store' | 'registry' | 'feed' | 'reconciler' | 'read-models' | 'deliveries';
  readonly isReady: boolean;
  /** Figures and words for whoever asks why; no secret. */
  readonly details: Readonly<Record<string, string | number | null>>;
}

/** Tells whether the service is ready: registered, subscribed, and its read models caught up. */
export interface Readiness {
  check(): readonly ReadinessCheck[];
}

/** Injection token of the `Readiness`. */
export const READINESS = Symbol('posthorn.Readiness');
