/** What the REST face needs to know. */
export interface AdminOptions {
  /** Bearer token that every request must carry, health checks excepted. */
  readonly apiToken: string;
}

export const ADMIN_OPTIONS = Symbol('posthorn.AdminOptions');
