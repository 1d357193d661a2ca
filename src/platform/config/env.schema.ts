import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { ARGON2_DEFAULT, ARGON2_MAX, argon2Work, HASH_WORK_MAX } from './argon2-work.js';
import { ALGORITHMS, type Config, type KeyConfig, type TokenConfig } from './config.js';
import { originsFault } from './cors-origins.js';
import { cidr, host, integer, list, rate } from './fields.js';
import { readTracing, TRACING_SETTINGS } from './tracing-settings.js';
import { readSigningKey } from './signing-key-file.js';
import { SECRET_NAMES, secretProblems, secretsOf } from './secret-settings.js';
import { isIdentifier, isPostgresUrl, sameAudience } from './urls.js';

/** The settings as text, by name: the process environment over `.env.local` over `.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A refused setting: its name and the reason, with the unit and without the value. */
export interface ConfigProblem {
  readonly setting: string;
  readonly message: string;
}

/** Thrown by {@link loadConfig} with every problem at once. The process then exits with status 78. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly ConfigProblem[]) {
    super(problems.map(({ setting, message }) => `${setting} ${message}`).join('\n'));
    this.name = 'ConfigError';
  }
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** The idle limit of sessions can be set in any of these units. */
const IDLE_UNITS = {
  REFRESH_TOKEN_IDLE_DAYS: DAY,
  REFRESH_TOKEN_IDLE_HOURS: HOUR,
  REFRESH_TOKEN_IDLE_SECONDS: 1,
} as const;
const IDLE_NAMES = Object.keys(IDLE_UNITS) as Array<keyof typeof IDLE_UNITS>;
const IDLE_DEFAULT_SECONDS = 7 * DAY;
/** libuv's default without UV_THREADPOOL_SIZE. */
const THREADS_OF_NODE = 4;

const schema = z.object({
  NODE_ENV: z.string().optional(),
  HOST: host().default('127.0.0.1'),
  PORT: integer('a TCP port', 0, 65_535, 'must be').default(3000),
  METRICS_PORT: integer('a TCP port', 0, 65_535, 'must be').optional(),
  DATABASE_URL: z
    .string()
    .refine(
      isPostgresUrl,
      'must be a URL such as postgresql://user:password@host:5432/database, with special characters of the password ' +
        'percent-encoded',
    )
    .optional(),
  DATA_DIR: z.string().default('.data'),
  DATABASE_POOL_SIZE: integer('connections', 1, 1000).default(10),
  DATABASE_CONNECT_TIMEOUT_MS: integer('milliseconds', 100, 600_000).default(5000),
  DATABASE_STATEMENT_TIMEOUT_MS: integer('milliseconds', 100, 600_000).default(10_000),
  JWT_ALGORITHM: z.enum(ALGORITHMS, `must be one of ${ALGORITHMS.join(', ')}`).default('ES256'),
  ROOT_SECRET: z.string().optional(),
  ROOT_SECRET_PREVIOUS: list().default([]),
  SECRET_KEY: z.string().optional(),
  SECRET_KEY_PREVIOUS: list().default([]),
  JWT_PRIVATE_KEY: z.string().optional(),
  ACCESS_TOKEN_EXPIRE_MINUTES: integer('minutes', 1, 1440).optional(),
  ACCESS_TOKEN_EXPIRE_SECONDS: integer('seconds', 1, DAY).optional(),
  REFRESH_TOKEN_IDLE_DAYS: integer('days', 1, 365).optional(),
  REFRESH_TOKEN_IDLE_HOURS: integer('hours', 1, 365 * 24).optional(),
  REFRESH_TOKEN_IDLE_SECONDS: integer('seconds', 1, 365 * DAY).optional(),
  REFRESH_TOKEN_MAX_DAYS: integer('days', 1, 3650).default(30),
  REFRESH_REUSE_WINDOW_SECONDS: integer('seconds', 0, 3600).default(30),
  REFRESH_LOST_ANSWER_SECONDS: integer('seconds', 0, 365 * DAY).optional(),
  JWT_ISSUER: z
    .url('must be a URL')
    .refine(isIdentifier, 'must be a URL of at most 255 bytes, in ASCII and without a fragment')
    .optional(),
  JWT_AUDIENCE: list()
    .refine((audiences) => audiences.length > 0, 'must hold at least one name')
    .refine(
      (audiences) => audiences.every(isIdentifier),
      'must list names of at most 255 bytes each, in ASCII, without spaces, quotes, backslashes and #',
    )
    .default(['latchkey']),
  JWT_LEEWAY_SECONDS: integer('seconds', 0, 60).default(5),
  CORS_ORIGINS: list()
    .superRefine((origins, context) => {
      const message = originsFault(origins);
      if (message !== undefined) context.addIssue({ code: 'custom', message });
    })
    .default([]),
  TRUSTED_PROXIES: list()
    .refine(
      (ranges) => ranges.every((range) => cidr.safeParse(range).success),
      'must list IP addresses or CIDR ranges',
    )
    .default([]),
  REVOCATION_MAX_STALENESS_SECONDS: integer('seconds', 10, DAY).default(300),
  KEY_ROTATION_DAYS: integer('days', 1, 3650).default(30),
  JWKS_MAX_AGE_SECONDS: integer('seconds', 1, DAY).default(300),
  REDIS_URL: z
    .string()
    .refine(
      (value) => /^rediss?:\/\/./.test(value) && URL.canParse(value),
      'must be a URL such as redis://host:6379/0',
    )
    .optional(),
  LIMIT_FAILURES_PER_ADDRESS: rate().default({ points: 100, seconds: 900 }),
  LIMIT_REGISTER: rate().default({ points: 30, seconds: 3600 }),
  LIMIT_REFRESH: rate().default({ points: 600, seconds: 60 }),
  LIMIT_TOKEN: rate().default({ points: 600, seconds: 60 }),
  LIMIT_ACCOUNT_WRITES: rate().default({ points: 100, seconds: 3600 }),
  SESSIONS_PER_USER: integer('sessions', 1, 10_000).default(100),
  LIMIT_PASSWORD: rate().default({ points: 30, seconds: 3600 }),
  ARGON2_MEMORY_KIB: integer('KiB', 8192, ARGON2_MAX.memoryKib).default(ARGON2_DEFAULT.memoryKib),
  ARGON2_TIME: integer('passes', 1, ARGON2_MAX.time).default(ARGON2_DEFAULT.time),
  ARGON2_PARALLELISM: integer('lanes', 1, ARGON2_MAX.parallelism).default(ARGON2_DEFAULT.parallelism),
  HASH_CONCURRENCY: integer('hashes at once', 1, 256).optional(),
  HASH_QUEUE: integer('waiting hashes', 0, 100_000).default(256),
  REGISTRATION: z
    .enum(['open', 'closed'], {
      error: ({ input }) =>
        input === 'verify' || input === 'invite'
          ? `cannot be ${input}, because this version sends no e-mail: set it to open or closed`
          : 'must be open or closed',
    })
    .default('open'),
  BRAND_NAME: z.string().trim().min(1).max(60, 'must have 60 characters at most').default('Latchkey'),
  DEFAULT_LOCALE: z.enum(['en', 'de'], 'must be en or de').default('en'),
  BOOTSTRAP_ADMIN_EMAIL: z.string().optional(),
  BOOTSTRAP_ADMIN_PASSWORD: z.string().optional(),
  SHUTDOWN_DELAY_SECONDS: integer('seconds', 0, 300).optional(),
  LOG_LEVEL: z
    .enum(
      ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
      'must be a level: trace to fatal, or silent',
    )
    .default('info'),
  LOG_FORMAT: z.enum(['json', 'pretty'], 'must be json or pretty').optional(),
  WEB_CONCURRENCY: integer('processes', 1, 256).default(1),
  UV_THREADPOOL_SIZE: integer('threads', 1, 1024).optional(),
  ...TRACING_SETTINGS,
});

type Settings = z.output<typeof schema>;

/** The name of every setting. */
export const SETTING_NAMES: readonly string[] = Object.keys(schema.shape);

/**
 * Checks the settings and returns them in slices.
 * @param environment settings by name; an empty value counts as absent
 * @param found problems met while the settings were read, reported with the others
 * @throws ConfigError with every setting that is missing, malformed, weak or contradicts another
 */
export function loadConfig(environment: Environment, found: readonly ConfigProblem[] = []): Config {
  const present = trimmed(environment);
  const problems = [...found];
  const values: Record<string, unknown> = {};
  // Each setting is checked alone, so that a malformed one does not hide faults of the others.
  for (const [name, field] of Object.entries(schema.shape)) {
    const parsed = field.safeParse(present[name]);
    if (parsed.success) values[name] = parsed.data;
    else problems.push(...parsed.error.issues.map(({ message }) => ({ setting: name, message })));
  }
  const isReported = (setting: string) => problems.some((problem) => problem.setting === setting);
  const more = [...secretProblems(present), ...contradictions(values)];
  problems.push(...more.filter(({ setting }) => !isReported(setting)));
  if (problems.length > 0) throw new ConfigError(problems);
  return slices(values as Settings);
}

/** Drops empty settings and surrounding white space, except in the secrets, where each character counts. */
function trimmed(environment: Environment): Environment {
  const present = Object.entries(environment).filter(
    ([, value]) => value !== undefined && value.trim() !== '',
  );
  return Object.fromEntries(
    present.map(([name, value]) => [name, SECRET_NAMES.includes(name) ? value : value?.trim()]),
  );
}

/** Contradictions between settings. A setting with a fault of its own is absent here; it was reported before. */
function contradictions(settings: Partial<Settings>): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const refuse = (setting: string, message: string) => problems.push({ setting, message });
  if (
    settings.ACCESS_TOKEN_EXPIRE_MINUTES !== undefined &&
    settings.ACCESS_TOKEN_EXPIRE_SECONDS !== undefined
  ) {
    refuse('ACCESS_TOKEN_EXPIRE_SECONDS', 'and ACCESS_TOKEN_EXPIRE_MINUTES are both set: set one of them');
  }
  const { METRICS_PORT: metricsPort, PORT: port = 0, WEB_CONCURRENCY: workers = 1 } = settings;
  // Processes serve their metrics on consecutive ports; 0 stands for any free port.
  if (metricsPort && port >= metricsPort && port < metricsPort + workers) {
    refuse('METRICS_PORT', 'must differ from PORT: metrics are not for clients');
  }
  const [idle, ...more] = IDLE_NAMES.filter((name) => settings[name] !== undefined);
  if (idle !== undefined && more.length > 0)
    refuse(idle, `and ${more.join(', ')} are both set: set one of them`);
  const { REFRESH_TOKEN_MAX_DAYS: max } = settings;
  if (idle !== undefined && max !== undefined && idleSecondsOf(settings) > max * DAY) {
    refuse(idle, 'must not be more than REFRESH_TOKEN_MAX_DAYS');
  }
  if ((settings.BOOTSTRAP_ADMIN_EMAIL === undefined) !== (settings.BOOTSTRAP_ADMIN_PASSWORD === undefined)) {
    refuse('BOOTSTRAP_ADMIN_EMAIL', 'and BOOTSTRAP_ADMIN_PASSWORD belong together: set both or neither');
  }
  const { ARGON2_MEMORY_KIB: memory = 0, ARGON2_TIME: time = 0, ARGON2_PARALLELISM: lanes = 1 } = settings;
  if (argon2Work(memory, time, lanes) > HASH_WORK_MAX) {
    const most = Math.floor(HASH_WORK_MAX / argon2Work(memory, 1, lanes));
    refuse('ARGON2_TIME', `must be at most ${most} passes with ${memory} KiB and ${lanes} lanes`);
  }
  const { JWT_AUDIENCE: audiences = [] } = settings;
  if (audiences.some((audience) => sameAudience(audience, issuerOf(settings)))) {
    refuse('JWT_AUDIENCE', 'must not hold JWT_ISSUER: tokens for the issuer open the API of this service');
  }
  problems.push(...readTracing(settings).problems);
  const key = signingKey(settings);
  if ('problem' in key) refuse('JWT_PRIVATE_KEY', key.problem);
  return problems;
}

function signingKey(settings: Partial<Settings>): ReturnType<typeof readSigningKey> | { key: undefined } {
  const { JWT_ALGORITHM: algorithm, JWT_PRIVATE_KEY: pem } = settings;
  if (pem === undefined || algorithm === undefined) return { key: undefined };
  if (!algorithm.startsWith('HS')) return readSigningKey(pem, algorithm);
  return { problem: `is set, but ${algorithm} signs with SECRET_KEY: unset one of them` };
}

function slices(settings: Settings): Config {
  const production = settings.NODE_ENV === 'production';
  return {
    production,
    workers: settings.WEB_CONCURRENCY,
    http: {
      host: settings.HOST,
      port: settings.PORT,
      metricsPort: settings.METRICS_PORT,
      corsOrigins: settings.CORS_ORIGINS,
      trustedProxies: settings.TRUSTED_PROXIES,
      shutdownDelayMs: (settings.SHUTDOWN_DELAY_SECONDS ?? (production ? 5 : 0)) * 1000,
    },
    database: {
      url: settings.DATABASE_URL,
      dataDir: settings.DATA_DIR,
      poolSize: settings.DATABASE_POOL_SIZE,
      connectTimeoutMs: settings.DATABASE_CONNECT_TIMEOUT_MS,
      statementTimeoutMs: settings.DATABASE_STATEMENT_TIMEOUT_MS,
    },
    tokens: tokenSlice(settings),
    keys: keySlice(settings),
    revocation: { maxStalenessSeconds: settings.REVOCATION_MAX_STALENESS_SECONDS },
    limits: {
      redisUrl: settings.REDIS_URL,
      failuresPerAddress: settings.LIMIT_FAILURES_PER_ADDRESS,
      register: settings.LIMIT_REGISTER,
      refresh: settings.LIMIT_REFRESH,
      token: settings.LIMIT_TOKEN,
      password: settings.LIMIT_PASSWORD,
      accountWrites: settings.LIMIT_ACCOUNT_WRITES,
      sessionsPerUser: settings.SESSIONS_PER_USER,
    },
    hashing: {
      memoryKib: settings.ARGON2_MEMORY_KIB,
      time: settings.ARGON2_TIME,
      parallelism: settings.ARGON2_PARALLELISM,
      concurrency: settings.HASH_CONCURRENCY ?? defaultHashConcurrency(settings),
      queue: settings.HASH_QUEUE,
    },
    registration: { open: settings.REGISTRATION === 'open', needsAdministrator: production },
    pages: { brandName: settings.BRAND_NAME, defaultLocale: settings.DEFAULT_LOCALE },
    bootstrap: { email: settings.BOOTSTRAP_ADMIN_EMAIL, password: settings.BOOTSTRAP_ADMIN_PASSWORD },
    tracing: readTracing(settings).tracing,
    log: { level: settings.LOG_LEVEL, format: settings.LOG_FORMAT ?? (production ? 'json' : 'pretty') },
  };
}

function issuerOf({
  JWT_ISSUER: issuer,
  PORT: port,
}: Pick<Partial<Settings>, 'JWT_ISSUER' | 'PORT'>): string {
  return issuer ?? `http://localhost:${port}`;
}

/** The idle limit of sessions, in seconds. */
function idleSecondsOf(settings: Partial<Settings>): number {
  const name = IDLE_NAMES.find((one) => settings[one] !== undefined);
  return name === undefined ? IDLE_DEFAULT_SECONDS : (settings[name] as number) * IDLE_UNITS[name];
}

function tokenSlice(settings: Settings): TokenConfig {
  const minutes = settings.ACCESS_TOKEN_EXPIRE_MINUTES ?? 15;
  return {
    issuer: issuerOf(settings),
    audiences: settings.JWT_AUDIENCE as [string, ...string[]],
    accessSeconds: settings.ACCESS_TOKEN_EXPIRE_SECONDS ?? minutes * MINUTE,
    refreshIdleSeconds: idleSecondsOf(settings),
    refreshMaxSeconds: settings.REFRESH_TOKEN_MAX_DAYS * DAY,
    reuseWindowSeconds: settings.REFRESH_REUSE_WINDOW_SECONDS,
    lostAnswerSeconds: settings.REFRESH_LOST_ANSWER_SECONDS ?? idleSecondsOf(settings),
    leewaySeconds: settings.JWT_LEEWAY_SECONDS,
  };
}

function keySlice(settings: Settings): KeyConfig {
  const key = signingKey(settings);
  return {
    algorithm: settings.JWT_ALGORITHM,
    ...secretsOf(settings),
    pinnedKey: 'key' in key ? key.key : undefined,
    rotationDays: settings.KEY_ROTATION_DAYS,
    jwksMaxAgeSeconds: settings.JWKS_MAX_AGE_SECONDS,
  };
}

/** One hash for each processor of this process, and at most one for each thread of Node; workers size their pool. */
function defaultHashConcurrency({ WEB_CONCURRENCY: workers, UV_THREADPOOL_SIZE: threads }: Settings): number {
  const maxThreads = threads ?? (workers > 1 ? Infinity : THREADS_OF_NODE);
  return Math.min(Math.ceil(availableParallelism() / workers), maxThreads);
}
