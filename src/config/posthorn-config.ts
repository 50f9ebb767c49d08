import {
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsNotEmpty,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  MinLength,
} from 'class-validator';
import { IsCidr, IsEncryptionKey, IsEgressProxy } from './config-constraints.js';

/** How much is logged, from the least to the most. */
export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** How a log line looks: JSON for machines, or coloured text for people; `auto` asks whether stdout is a terminal. */
export const LOG_FORMATS = ['auto', 'pretty', 'json'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

/** What becomes of a webhook that the code no longer declares. */
export const VANISHED_POLICIES = ['keep', 'pause', 'remove'] as const;
export type VanishedPolicy = (typeof VANISHED_POLICIES)[number];

/**
 * Everything about Posthorn that can be configured, validated and frozen. `CONFIG_KEYS` holds the variable, default, unit
 * and description of each key.
 */
export class PosthornConfig {
  @IsString()
  @IsNotEmpty()
  readonly host!: string;

  @IsInt()
  @Min(0)
  @Max(65_535)
  readonly port!: number;

  @IsString()
  @IsNotEmpty()
  readonly dataDir!: string;

  @IsOptional()
  @IsString()
  @MinLength(16)
  @MaxLength(512)
  @Matches(/^[\x21-\x7e]+$/)
  readonly apiToken!: string | null;

  @IsOptional()
  @IsEncryptionKey()
  readonly encryptionKey!: string | null;

  @IsBoolean()
  readonly allowHttp!: boolean;

  @IsArray()
  @IsCidr({ each: true })
  readonly allowedNetworks!: readonly string[];

  @IsArray()
  @IsCidr({ each: true })
  readonly deniedNetworks!: readonly string[];

  @IsOptional()
  @IsEgressProxy()
  readonly egressProxy!: string | null;

  @IsString()
  @Matches(/^[A-Za-z0-9_][A-Za-z0-9_.]{0,62}\.$/)
  readonly streamPrefix!: string;

  @IsInt()
  @Min(0)
  readonly release!: number;

  @IsIn(VANISHED_POLICIES)
  readonly vanishedPolicy!: VanishedPolicy;

  @IsInt()
  @Min(10)
  @Max(30_000)
  readonly inlineWindowMs!: number;

  @IsInt()
  @Min(1)
  @Max(10_000)
  readonly maxConcurrentAttempts!: number;

  @IsInt()
  @Min(1)
  @Max(10_000)
  readonly maxConcurrentPerOrigin!: number;

  @IsInt()
  @Min(0)
  @Max(86_400_000)
  readonly retryAfterLimitMs!: number;

  @IsInt()
  @Min(0)
  @Max(604_800_000)
  readonly postponeLimitMs!: number;

  @IsOptional()
  @IsInt()
  @Min(1_000)
  @Max(7_776_000_000)
  readonly disableAfterMs!: number | null;

  @IsInt()
  @Min(0)
  @Max(600_000)
  readonly drainTimeoutMs!: number;

  @IsInt()
  @Min(1_024)
  @Max(67_108_864)
  readonly maxBodyBytes!: number;

  @IsIn(LOG_LEVELS)
  readonly logLevel!: LogLevel;

  @IsIn(LOG_FORMATS)
  readonly logFormat!: LogFormat;

  @IsOptional()
  @IsString()
  readonly eventStoreUrl!: string | null;
}
