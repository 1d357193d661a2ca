import type { KeyObject } from 'node:crypto';
import { ALGORITHMS, type Algorithm } from '@latchkey/token-rules';

export { ALGORITHMS, type Algorithm };

export interface HttpConfig {
  readonly host: string;
  readonly port: number;
  /** The port of the metrics, on the same address; undefined switches them off. */
  readonly metricsPort: number | undefined;
  readonly corsOrigins: readonly string[];
  /** Addresses and CIDR ranges of the proxies whose `X-Forwarded-For` is trusted. */
  readonly trustedProxies: readonly string[];
  /** How long the service still accepts requests after SIGTERM, while balancers notice that it is not ready. */
  readonly shutdownDelayMs: number;
}

export interface DatabaseConfig {
  /** Undefined: the embedded server in `dataDir` is used. */
  readonly url: string | undefined;
  readonly dataDir: string;
  readonly poolSize: number;
  readonly connectTimeoutMs: number;
  readonly statementTimeoutMs: number;
}

export interface TokenConfig {
  /** The issuer, and the audience of tokens for this service itself. */
  readonly issuer: string;
  /** The applications, without the issuer; the first is the default. */
  readonly audiences: readonly [string, ...string[]];
  readonly accessSeconds: number;
  readonly refreshIdleSeconds: number;
  readonly refreshMaxSeconds: number;
  readonly reuseWindowSeconds: number;
  /** How long after a rotation its parent may have an unused successor replaced. */
  readonly lostAnswerSeconds: number;
  readonly leewaySeconds: number;
}

export interface KeyConfig {
  readonly algorithm: Algorithm;
  /** The text of `SECRET_KEY`, unchanged, which signs access tokens with HS*; absent with `ROOT_SECRET` or a PEM alone. */
  readonly secret: string | undefined;
  readonly previousSecrets: readonly string[];
  /** `ROOT_SECRET`, else `SECRET_KEY`, unchanged; undefined only where a PEM is pinned. Keys are derived from it, see RootSecret. */
  readonly rootSecret: string | undefined;
  readonly previousRootSecrets: readonly string[];
  readonly pinnedKey: KeyObject | undefined;
  readonly rotationDays: number;
  /** How long verifiers may cache the key set; a new key is published at least this long before it signs. */
  readonly jwksMaxAgeSeconds: number;
}

export interface RevocationConfig {
  readonly maxStalenessSeconds: number;
}

/** At most `points` requests in `seconds` seconds. */
export interface RateLimit {
  readonly points: number;
  readonly seconds: number;
}

export interface LimitsConfig {
  /** The most live sessions of a user; a login beyond them ends the oldest. */
  readonly sessionsPerUser: number;
  /** Changes of one account by its owner that leave rows. */
  readonly accountWrites: RateLimit;
  /** The Redis that counts attempts; undefined counts them in PostgreSQL. */
  readonly redisUrl: string | undefined;
  /** Wrong passwords from one address, for all accounts together. */
  readonly failuresPerAddress: RateLimit;
  readonly register: RateLimit;
  readonly refresh: RateLimit;
  readonly token: RateLimit;
  readonly password: RateLimit;
}

export interface HashingConfig {
  readonly memoryKib: number;
  readonly time: number;
  readonly parallelism: number;
  readonly concurrency: number;
  readonly queue: number;
}

export interface RegistrationConfig {
  /** Whether people may create accounts for themselves. */
  readonly open: boolean;
  /** Whether registration stays closed until there is an administrator: always in production. */
  readonly needsAdministrator: boolean;
}

/** The look and language of the pages. */
export interface PagesConfig {
  readonly brandName: string;
  readonly defaultLocale: 'en' | 'de';
}

export interface BootstrapConfig {
  readonly email: string | undefined;
  readonly password: string | undefined;
}

export interface LogConfig {
  readonly level: string;
  readonly format: 'json' | 'pretty';
}

/** How traces are exported. OpenTelemetry reads the other `OTEL_*` variables itself. */
export interface TracingConfig {
  readonly protocol: 'http/protobuf' | 'http/json';
}

/** Every setting of the service, checked. `loadConfig` makes it once; rooms inject the slice they need. */
export interface Config {
  readonly production: boolean;
  /** How many processes serve on the port. */
  readonly workers: number;
  readonly http: HttpConfig;
  readonly database: DatabaseConfig;
  readonly tokens: TokenConfig;
  readonly keys: KeyConfig;
  readonly revocation: RevocationConfig;
  readonly limits: LimitsConfig;
  readonly hashing: HashingConfig;
  readonly registration: RegistrationConfig;
  readonly pages: PagesConfig;
  readonly bootstrap: BootstrapConfig;
  readonly log: LogConfig;
  /** Undefined: traces are off. */
  readonly tracing: TracingConfig | undefined;
}

/** Injection tokens of the slices. */
export const TOKEN_CONFIG = Symbol('TokenConfig');
export const KEY_CONFIG = Symbol('KeyConfig');
export const REVOCATION_CONFIG = Symbol('RevocationConfig');
export const HTTP_CONFIG = Symbol('HttpConfig');
export const LIMITS_CONFIG = Symbol('LimitsConfig');
export const HASHING_CONFIG = Symbol('HashingConfig');
export const REGISTRATION_CONFIG = Symbol('RegistrationConfig');
export const PAGES_CONFIG = Symbol('PagesConfig');
export const BOOTSTRAP_CONFIG = Symbol('BootstrapConfig');
