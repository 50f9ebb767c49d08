export const HOUR_MS = 3_600_000;

/** Start of the hour that holds `epochMs`. */
export function hourOf(epochMs: number): number {
  return Math.floor(epochMs / HOUR_MS) * HOUR_MS;
}
