import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { ALGORITHMS, type Config } from './config.js';
import { readSigningKey } from './signing-key-file.js';
import { secretWeakness } from './secret-strength.js';

/** The settings as text, by name: the process environment over `.env.local` over `.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A setting that was refused: its name and why, with the unit, never with the value. */
export interface ConfigProblem {
  readonly setting: string;
  readonly message: string;
}

/** Thrown by {@link loadConfig} with every problem at once. The process answers it with exit status 78. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly ConfigProblem[]) {
    super(problems.map(({ setting, message }) => `${setting} ${message}`).join('\n'));
    this.name = 'ConfigError';
  }
}

const MINUTE = 60;
const DAY = 24 * 60 * MINUTE;

function integer(unit: string, min: number, max: number) {
  const message = `must be a whole number of ${unit} from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,10}$/, message)
    .transform(Number)
    .refine((value) => value >= min && value <= max, message);
}

function list(separator: RegExp = /\s*,\s*/) {
  return z.string().transform((value) => value.split(separator).filter((item) => item !== ''));
}

const cidr = z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]);

const schema = z.object({
  NODE_ENV: z.string().optional(),
  HOST: z.string().default('127.0.0.1'),
  PORT: integer('a TCP port', 0, 65_535).default(3000),
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\/./, 'must be a URL that starts with postgres:// or postgresql://')
    .optional(),
  DATA_DIR: z.string().default('.data'),
  DATABASE_POOL_SIZE: integer('connections', 1, 1000).default(10),
  DATABASE_CONNECT_TIMEOUT_MS: integer('milliseconds', 100, 600_000).default(5000),
  DATABASE_STATEMENT_TIMEOUT_MS: integer('milliseconds', 100, 600_000).default(10_000),
  JWT_ALGORITHM: z.enum(ALGORITHMS, `must be one of ${ALGORITHMS.join(', ')}`).default('HS256'),
  SECRET_KEY: z.string().optional(),
  SECRET_KEY_PREVIOUS: list().default([]),
  JWT_PRIVATE_KEY: z.string().optional(),
  ACCESS_TOKEN_EXPIRE_MINUTES: integer('minutes', 1, 1440).optional(),
  ACCESS_TOKEN_EXPIRE_SECONDS: integer('seconds', 1, DAY).optional(),
  REFRESH_TOKEN_IDLE_DAYS: integer('days', 1, 365).default(7),
  REFRESH_TOKEN_MAX_DAYS: integer('days', 1, 3650).default(30),
  REFRESH_REUSE_WINDOW_SECONDS: integer('seconds', 0, 3600).default(30),
  JWT_ISSUER: z.url('must be a URL').optional(),
  JWT_AUDIENCE: list()
    .refine((audiences) => audiences.length > 0, 'must hold at least one name')
    .default(['latchkey']),
  JWT_LEEWAY_SECONDS: integer('seconds', 0, 60).default(5),
  CORS_ORIGINS: list()
    .refine((origins) => !origins.includes('*'), 'must list origins: * is refused, answers carry credentials')
    .refine((origins) => origins.every(isOrigin), 'must list origins such as https://app.example.org')
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
  ARGON2_MEMORY_KIB: integer('KiB', 8192, 4_194_304).default(19_456),
  ARGON2_TIME: integer('passes', 1, 100).default(2),
  ARGON2_PARALLELISM: integer('lanes', 1, 64).default(1),
  HASH_CONCURRENCY: integer('hashes at once', 1, 256).default(availableParallelism()),
  HASH_QUEUE: integer('waiting hashes', 0, 100_000).default(256),
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
});

type Settings = z.output<typeof schema>;

/**
 * The settings, checked all at once.
 * @param environment settings by name; an empty value counts as absent
 * @throws ConfigError naming every setting that is missing, malformed, weak or in contradiction to another
 */
export function loadConfig(environment: Environment): Config {
  const present = Object.fromEntries(Object.entries(environment).filter(([, value]) => value?.trim() !== ''));
  const parsed = schema.safeParse(trimmed(present));
  const problems = parsed.success ? contradictions(parsed.data) : parsed.error.issues.map(problemOf);
  if (!parsed.success || problems.length > 0) {
    throw new ConfigError([...problems, ...(parsed.success ? [] : secretProblems(present))]);
  }
  return slices(parsed.data);
}

/** Surrounding white space is a slip of the editor, except in a secret, whose text is the key. */
function trimmed(environment: Environment): Environment {
  return Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [name, name === 'SECRET_KEY' ? value : value?.trim()]),
  );
}

function problemOf(issue: z.core.$ZodIssue): ConfigProblem {
  return { setting: String(issue.path[0]), message: issue.message };
}

/** Faults of the secrets, reported also when other settings did not even parse. */
function secretProblems(environment: Environment): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const secrets = {
    SECRET_KEY: [environment['SECRET_KEY']],
    SECRET_KEY_PREVIOUS: (environment['SECRET_KEY_PREVIOUS'] ?? '').split(',').map((key) => key.trim()),
  };
  for (const [setting, values] of Object.entries(secrets)) {
    for (const value of values) {
      const weakness = value === undefined || value === '' ? undefined : secretWeakness(value);
      if (weakness !== undefined) problems.push({ setting, message: weakness });
    }
  }
  if (environment['SECRET_KEY'] === undefined && environment['JWT_PRIVATE_KEY'] === undefined) {
    problems.push({
      setting: 'SECRET_KEY',
      message:
        'is missing: set it to a random text of at least 32 bytes, for example the output of: openssl rand -hex 32',
    });
  }
  return problems;
}

function contradictions(settings: Settings): ConfigProblem[] {
  const problems = secretProblems({
    SECRET_KEY: settings.SECRET_KEY,
    SECRET_KEY_PREVIOUS: settings.SECRET_KEY_PREVIOUS.join(','),
    JWT_PRIVATE_KEY: settings.JWT_PRIVATE_KEY,
  });
  const refuse = (setting: string, message: string) => problems.push({ setting, message });
  if (
    settings.ACCESS_TOKEN_EXPIRE_MINUTES !== undefined &&
    settings.ACCESS_TOKEN_EXPIRE_SECONDS !== undefined
  ) {
    refuse('ACCESS_TOKEN_EXPIRE_SECONDS', 'and ACCESS_TOKEN_EXPIRE_MINUTES are both set: set one of them');
  }
  if (settings.REFRESH_TOKEN_IDLE_DAYS > settings.REFRESH_TOKEN_MAX_DAYS) {
    refuse('REFRESH_TOKEN_IDLE_DAYS', 'must not be more days than REFRESH_TOKEN_MAX_DAYS');
  }
  if ((settings.BOOTSTRAP_ADMIN_EMAIL === undefined) !== (settings.BOOTSTRAP_ADMIN_PASSWORD === undefined)) {
    refuse('BOOTSTRAP_ADMIN_EMAIL', 'and BOOTSTRAP_ADMIN_PASSWORD go together: set both or neither');
  }
  const key = signingKey(settings);
  if ('problem' in key) refuse('JWT_PRIVATE_KEY', key.problem);
  return problems;
}

function signingKey(settings: Settings): ReturnType<typeof readSigningKey> | { key: undefined } {
  const symmetric = settings.JWT_ALGORITHM.startsWith('HS');
  if (settings.JWT_PRIVATE_KEY === undefined) return { key: undefined };
  if (symmetric)
    return { problem: `is set, but ${settings.JWT_ALGORITHM} signs with SECRET_KEY: unset one of them` };
  return readSigningKey(settings.JWT_PRIVATE_KEY, settings.JWT_ALGORITHM);
}

function slices(settings: Settings): Config {
  const production = settings.NODE_ENV === 'production';
  const key = signingKey(settings);
  const accessSeconds =
    settings.ACCESS_TOKEN_EXPIRE_SECONDS ?? (settings.ACCESS_TOKEN_EXPIRE_MINUTES ?? 15) * MINUTE;
  return {
    production,
    http: {
      host: settings.HOST,
      port: settings.PORT,
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
    tokens: {
      issuer: settings.JWT_ISSUER ?? `http://localhost:${settings.PORT}`,
      audiences: settings.JWT_AUDIENCE as [string, ...string[]],
      accessSeconds,
      refreshIdleSeconds: settings.REFRESH_TOKEN_IDLE_DAYS * DAY,
      refreshMaxSeconds: settings.REFRESH_TOKEN_MAX_DAYS * DAY,
      reuseWindowSeconds: settings.REFRESH_REUSE_WINDOW_SECONDS,
      leewaySeconds: settings.JWT_LEEWAY_SECONDS,
    },
    keys: {
      algorithm: settings.JWT_ALGORITHM,
      secret: settings.SECRET_KEY,
      previousSecrets: settings.SECRET_KEY_PREVIOUS,
      pinnedKey: 'key' in key ? key.key : undefined,
      rotationDays: settings.KEY_ROTATION_DAYS,
      jwksMaxAgeSeconds: settings.JWKS_MAX_AGE_SECONDS,
    },
    revocation: { maxStalenessSeconds: settings.REVOCATION_MAX_STALENESS_SECONDS },
    hashing: {
      memoryKib: settings.ARGON2_MEMORY_KIB,
      time: settings.ARGON2_TIME,
      parallelism: settings.ARGON2_PARALLELISM,
      concurrency: settings.HASH_CONCURRENCY,
      queue: settings.HASH_QUEUE,
    },
    bootstrap: { email: settings.BOOTSTRAP_ADMIN_EMAIL, password: settings.BOOTSTRAP_ADMIN_PASSWORD },
    log: { level: settings.LOG_LEVEL, format: settings.LOG_FORMAT ?? (production ? 'json' : 'pretty') },
  };
}

function isOrigin(value: string): boolean {
  return URL.canParse(value) && new URL(value).origin === value;
}
