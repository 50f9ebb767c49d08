import type { UrlPolicy } from './definition/url-rules.js';
import type { KeyRing } from './secrets/key-ring.js';
import type { SecretResolver } from './secrets/secret-resolver.js';

/** What becomes of a webhook that the code no longer declares; never of one that was registered through the API. */
export type VanishedPolicy = 'keep' | 'pause' | 'remove';

export interface RegistryOptions {
  /** Keys that secrets are encrypted with. */
  readonly keyRing: KeyRing;
  /** Release of the webhooks declared in code, where they do not name one. Default: none, which counts as 0. */
  readonly release?: number;
  /** Looks up secrets that webhooks refer to. Default: none, and references are refused. */
  readonly secretResolver?: SecretResolver;
  /** Default `keep`. */
  readonly onVanished?: VanishedPolicy;
  /** Default: https only. */
  readonly urlPolicy?: UrlPolicy;
  /** When given, the only event types that webhooks may name; patterns have to match one of them. */
  readonly knownEventTypes?: readonly string[];
  /** Header names that no webhook may set, beside those that are always refused: configured signature headers. */
  readonly reservedHeaders?: readonly string[];
  /** How long a command waits for an outcome that stays unknown, in milliseconds. Default 30,000. */
  readonly commandTimeoutMs?: number;
}

export const DEFAULT_COMMAND_TIMEOUT_MS = 30_000;

/** Injection token of the `RegistryOptions`. */
export const REGISTRY_OPTIONS = Symbol('posthorn.RegistryOptions');
