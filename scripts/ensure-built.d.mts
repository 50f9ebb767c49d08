/** Builds `dist` when a source changed since the last build, and only then. */
export function ensureBuilt(): Promise<void>;
