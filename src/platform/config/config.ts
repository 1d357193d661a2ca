import type { KeyObject } from 'node:crypto';
import { ALGORITHMS, type Algorithm } from '@latchkey/token-rules';

export { ALGORITHMS, type Algorithm };

export interface HttpConfig {
  readonly host: string;
  readonly port: number;
  /** Where metrics are served, on the same address; undefined: nowhere. */
  readonly metricsPort: number | undefined;
  readonly corsOrigins: readonly string[];
  /** CIDR list of the proxies whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[];
  /** How long to go on serving after SIGTERM while balancers learn that this instance is not ready. */
  readonly shutdownDelayMs: number;
}

export interface DatabaseConfig {
  /** Absent: the embedded server in `dataDir`. */
  readonly url: string | undefined;
  readonly dataDir: string;
  readonly poolSize: number;
  readonly connectTimeoutMs: number;
  readonly statementTimeoutMs: number;
}

export interface TokenConfig {
  readonly issuer: string;
  /** All are accepted, the first is issued. */
  readonly audiences: readonly [string, ...string[]];
  readonly accessSeconds: number;
  readonly refreshIdleSeconds: number;
  readonly refreshMaxSeconds: number;
  readonly reuseWindowSeconds: number;
  readonly leewaySeconds: number;
}

export interface KeyConfig {
  readonly algorithm: Algorithm;
  /** The text of `SECRET_KEY`, used as it stands; absent only where a PEM is pinned. */
  readonly secret: string | undefined;
  readonly previousSecrets: readonly string[];
  readonly pinnedKey: KeyObject | undefined;
  readonly rotationDays: number;
  /** How long verifiers may keep the key set; a new key is published at least this long before it signs. */
  readonly jwksMaxAgeSeconds: number;
}

export interface RevocationConfig {
  readonly maxStalenessSeconds: number;
}

/** So many requests in so many seconds. */
export interface RateLimit {
  readonly points: number;
  readonly seconds: number;
}

export interface LimitsConfig {
  /** Where attempts are counted; in PostgreSQL where absent. */
  readonly redisUrl: string | undefined;
  /** Wrong passwords from one address, whatever the account. */
  readonly failuresPerAddress: RateLimit;
  readonly register: RateLimit;
  readonly refresh: RateLimit;
  readonly token: RateLimit;
  readonly password: RateLimit;
}

/** More would make one login a burden. Our own parameters keep to it too, so that every hash of ours verifies. */
export const ARGON2_MAX = { memoryKib: 524_288, time: 20, parallelism: 64 } as const;

export interface HashingConfig {
  readonly memoryKib: number;
  readonly time: number;
  readonly parallelism: number;
  readonly concurrency: number;
  readonly queue: number;
}

export interface BootstrapConfig {
  readonly email: string | undefined;
  readonly password: string | undefined;
}

export interface LogConfig {
  readonly level: string;
  readonly format: 'json' | 'pretty';
}

/** How traces are exported; the rest of `OTEL_*` OpenTelemetry reads by itself. */
export interface TracingConfig {
  readonly protocol: 'http/protobuf' | 'http/json';
}

/** Every setting of the service, checked. Made once by `loadConfig`; rooms take the slice they need. */
export interface Config {
  readonly production: boolean;
  /** Processes that serve, on one port. */
  readonly workers: number;
  readonly http: HttpConfig;
  readonly database: DatabaseConfig;
  readonly tokens: TokenConfig;
  readonly keys: KeyConfig;
  readonly revocation: RevocationConfig;
  readonly limits: LimitsConfig;
  readonly hashing: HashingConfig;
  readonly bootstrap: BootstrapConfig;
  readonly log: LogConfig;
  /** Undefined: no traces. */
  readonly tracing: TracingConfig | undefined;
}

/** Injection tokens of the slices. */
export const TOKEN_CONFIG = Symbol('TokenConfig');
export const KEY_CONFIG = Symbol('KeyConfig');
export const REVOCATION_CONFIG = Symbol('RevocationConfig');
export const HTTP_CONFIG = Symbol('HttpConfig');
export const LIMITS_CONFIG = Symbol('LimitsConfig');
export const HASHING_CONFIG = Symbol('HashingConfig');
export const BOOTSTRAP_CONFIG = Symbol('BootstrapConfig');
