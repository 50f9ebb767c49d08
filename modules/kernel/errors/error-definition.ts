/** What is known of an error code before it happens. */
export interface ErrorDefinition {
  /** HTTP status under which the REST face answers with this error. */
  readonly status: number;
  /** One line that names the kind of problem; the same for every occurrence (RFC 9457 `title`). */
  readonly title: string;
  /** What the caller can do about it. */
  readonly fix: string;
}

/** The error codes of one area, by code: `PSH_<AREA>_<CAUSE>`. */
export type ErrorDefinitions = Readonly<Record<`PSH_${string}`, ErrorDefinition>>;
