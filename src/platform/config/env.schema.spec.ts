import { describe, expect, it } from '@jest/globals';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { ALGORITHMS, type Algorithm } from './config.js';
import { ConfigError, loadConfig, type Environment } from './env.schema.js';
import { sharedRoot } from './secret-settings.js';

const SECRET_KEY = randomBytes(32).toString('hex');

const PEM = { type: 'pkcs8', format: 'pem' } as const;

function ecKey(namedCurve: string): string {
  return generateKeyPairSync('ec', { namedCurve }).privateKey.export(PEM).toString();
}

function rsaKey(modulusLength: number): string {
  return generateKeyPairSync('rsa', { modulusLength }).privateKey.export(PEM).toString();
}

const RSA = rsaKey(2048);
const EC = { ES256: ecKey('P-256'), ES384: ecKey('P-384'), ES512: ecKey('P-521') };

/** The name and the message of every refused setting. */
function problems(environment: Environment): string[] {
  try {
    loadConfig({ SECRET_KEY, ...environment });
  } catch (error) {
    if (error instanceof ConfigError)
      return error.problems.map(({ setting, message }) => `${setting} ${message}`);
    throw error;
  }
  return [];
}

function keyFor(algorithm: Algorithm): Environment {
  if (algorithm.startsWith('HS')) return {};
  return { JWT_PRIVATE_KEY: algorithm.startsWith('ES') ? EC[algorithm as keyof typeof EC] : RSA };
}

describe('the lifetime of access tokens', () => {
  it('is fifteen minutes by default', () => {
    expect(loadConfig({ SECRET_KEY }).tokens.accessSeconds).toBe(900);
  });

  it.each([
    ['ACCESS_TOKEN_EXPIRE_MINUTES', '30'],
    ['ACCESS_TOKEN_EXPIRE_SECONDS', '1800'],
    ['ACCESS_TOKEN_EXPIRE_MINUTES', ' 30 '],
  ])('is half an hour with %s=%s', (name, value) => {
    expect(loadConfig({ SECRET_KEY, [name]: value }).tokens.accessSeconds).toBe(1800);
  });

  it.each([
    '0',
    '-1',
    'abc',
    '1e9',
    '1.5',
    '0x10',
    '1441',
    '99999999999',
    '٣',
    '30m',
    '+5',
    'Infinity',
    'NaN',
  ])('is refused at %s, naming setting and unit', (value) => {
    expect(problems({ ACCESS_TOKEN_EXPIRE_MINUTES: value })).toEqual([
      'ACCESS_TOKEN_EXPIRE_MINUTES must be a whole number of minutes from 1 to 1440',
    ]);
    expect(problems({ ACCESS_TOKEN_EXPIRE_SECONDS: value === '1441' ? '86401' : value })).toEqual([
      'ACCESS_TOKEN_EXPIRE_SECONDS must be a whole number of seconds from 1 to 86400',
    ]);
  });

  it('is refused where both units are set, even when they agree', () => {
    const both = { ACCESS_TOKEN_EXPIRE_MINUTES: '30', ACCESS_TOKEN_EXPIRE_SECONDS: '1800' };
    expect(problems(both)).toEqual([
      expect.stringMatching(/^ACCESS_TOKEN_EXPIRE_SECONDS .*ACCESS_TOKEN_EXPIRE_MINUTES.*both/),
    ]);
  });
});

describe('the algorithm', () => {
  it.each(ALGORITHMS)('%s is accepted with a key that fits it', (algorithm) => {
    expect(problems({ JWT_ALGORITHM: algorithm, ...keyFor(algorithm) })).toEqual([]);
  });

  it.each(['none', 'None', 'NONE', 'hs256', 'Es256', 'HS1', 'HS256 HS512', 'EdDSA', 'ES256K', 'dir'])(
    '%s refuses the start, naming the setting and what it may be',
    (algorithm) => {
      expect(problems({ JWT_ALGORITHM: algorithm })).toEqual([
        expect.stringMatching(/^JWT_ALGORITHM must be one of HS256, .*ES512$/),
      ]);
    },
  );

  it.each([
    ['ES256', RSA],
    ['ES256', EC.ES384],
    ['ES384', EC.ES256],
    ['ES512', EC.ES384],
    ['RS256', EC.ES256],
    ['PS512', EC.ES512],
    ['RS256', rsaKey(1024)],
  ])('%s refuses a key of another kind, curve or size', (algorithm, pem) => {
    expect(problems({ JWT_ALGORITHM: algorithm, JWT_PRIVATE_KEY: pem })).toEqual([
      expect.stringMatching(/^JWT_PRIVATE_KEY must be an? (EC|RSA) key .*for (ES|RS|PS)\d{3}$/),
    ]);
  });

  it.each([
    ['no PEM', 'not a key'],
    ['a cut PEM', RSA.slice(0, 200)],
    [
      'a public key',
      generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    ],
    [
      'an encrypted key',
      generateKeyPairSync('ec', { namedCurve: 'P-256' })
        .privateKey.export({ ...PEM, cipher: 'aes-256-cbc', passphrase: 'hunter2' })
        .toString(),
    ],
  ])('refuses %s as its key', (_name, pem) => {
    expect(problems({ JWT_ALGORITHM: 'ES256', JWT_PRIVATE_KEY: pem })).toEqual([
      'JWT_PRIVATE_KEY is not an unencrypted private key in PEM form',
    ]);
  });

  it('accepts a PEM whose line ends are written as two characters', () => {
    const oneLine = EC.ES256.replaceAll('\n', '\\n');
    expect(loadConfig({ JWT_ALGORITHM: 'ES256', JWT_PRIVATE_KEY: oneLine }).keys.pinnedKey).toBeDefined();
  });

  it('refuses a private key beside an algorithm that signs with SECRET_KEY', () => {
    expect(problems({ JWT_ALGORITHM: 'HS256', JWT_PRIVATE_KEY: RSA })).toEqual([
      expect.stringMatching(/^JWT_PRIVATE_KEY .*SECRET_KEY/),
    ]);
  });
});

describe('the secret', () => {
  it('is used unchanged', () => {
    expect(loadConfig({ SECRET_KEY }).keys.secret).toBe(SECRET_KEY);
  });

  it('is required when missing, empty or blank, and the message says how to make one', () => {
    for (const missing of [undefined, '', '   ']) {
      expect(problems({ SECRET_KEY: missing })).toEqual([
        expect.stringMatching(/^SECRET_KEY is missing.*32 bytes.*openssl rand -hex 32/),
      ]);
    }
  });

  it('is refused when weak, and so is each previous secret', () => {
    expect(problems({ SECRET_KEY: 'x'.repeat(40) })).toEqual(['SECRET_KEY repeats itself']);
    expect(problems({ SECRET_KEY_PREVIOUS: `${SECRET_KEY},short` })).toEqual([
      'SECRET_KEY_PREVIOUS is 5 bytes long; at least 32 bytes are needed',
    ]);
  });

  it.each(['SECRET_KEY', 'ROOT_SECRET'])(
    '%s is refused with a comma, because its successor could not name it',
    (name) => {
      const secret = `${randomBytes(20).toString('hex')},${randomBytes(20).toString('hex')}`;
      expect(problems({ SECRET_KEY, [name]: secret })).toEqual([
        expect.stringMatching(`^${name} holds a comma: ${name}_PREVIOUS is a list`),
      ]);
    },
  );

  it('may have several previous secrets, in a list with spaces', () => {
    const previous = [randomBytes(32).toString('hex'), randomBytes(32).toString('hex')];
    const { keys } = loadConfig({ SECRET_KEY, SECRET_KEY_PREVIOUS: ` ${previous.join(' , ')} ,` });
    expect(keys.previousSecrets).toEqual(previous);
  });
});

describe('the root secret', () => {
  const [ROOT = '', FORMER = '', OTHER = ''] = [1, 2, 3].map(() => randomBytes(32).toString('hex'));
  const keysOf = (environment: Record<string, string>) => loadConfig(environment).keys;

  it('is ROOT_SECRET, else SECRET_KEY, unchanged', () => {
    expect(keysOf({ SECRET_KEY }).rootSecret).toBe(SECRET_KEY);
    expect(keysOf({ SECRET_KEY, ROOT_SECRET: ROOT }).rootSecret).toBe(ROOT);
  });

  it('suffices alone where tokens are not signed with SECRET_KEY', () => {
    expect(keysOf({ ROOT_SECRET: ROOT })).toMatchObject({ rootSecret: ROOT, secret: undefined });
    expect(problems({ SECRET_KEY: undefined, ROOT_SECRET: ROOT, JWT_ALGORITHM: 'HS256' })).toEqual([
      expect.stringMatching(/^SECRET_KEY is missing: set it to/),
    ]);
  });

  it('is as strong as SECRET_KEY, and so are its predecessors', () => {
    expect(problems({ ROOT_SECRET: 'short' })).toEqual([
      'ROOT_SECRET is 5 bytes long; at least 32 bytes are needed',
    ]);
    expect(problems({ ROOT_SECRET: 'x'.repeat(40) })).toEqual(['ROOT_SECRET repeats itself']);
    expect(problems({ ROOT_SECRET_PREVIOUS: `${FORMER},changeme` })).toEqual([
      'ROOT_SECRET_PREVIOUS is 8 bytes long; at least 32 bytes are needed',
    ]);
  });

  it('has the predecessors of ROOT_SECRET and of SECRET_KEY', () => {
    const former = { ROOT_SECRET_PREVIOUS: FORMER, SECRET_KEY_PREVIOUS: OTHER };
    expect(keysOf({ SECRET_KEY, ...former }).previousRootSecrets).toEqual([FORMER, OTHER]);
    expect(keysOf({ ROOT_SECRET: ROOT, ...former }).previousRootSecrets).toEqual([FORMER, OTHER]);
  });

  it('has no predecessor that APIs hold, where SECRET_KEY signs and ROOT_SECRET is another', () => {
    const settings = { SECRET_KEY, SECRET_KEY_PREVIOUS: OTHER, JWT_ALGORITHM: 'HS256' };
    expect(keysOf({ ...settings, ROOT_SECRET: ROOT }).previousRootSecrets).toEqual([]);
    expect(keysOf(settings).previousRootSecrets).toEqual([OTHER]);
  });

  it('is reported as shared as long as APIs can derive internal keys from what they hold', () => {
    const held = { SECRET_KEY, JWT_ALGORITHM: 'HS256' };
    for (const settings of [held, { ...held, ROOT_SECRET: SECRET_KEY }]) {
      expect(sharedRoot(keysOf(settings))?.fix).toContain('set ROOT_SECRET to another secret');
    }
    const taken = { ...held, ROOT_SECRET: ROOT, ROOT_SECRET_PREVIOUS: SECRET_KEY };
    expect(sharedRoot(keysOf(taken))?.fix).toContain('remove it from ROOT_SECRET_PREVIOUS');
    expect(sharedRoot(keysOf({ ...held, ROOT_SECRET: ROOT }))).toBeUndefined();
    expect(sharedRoot(keysOf({ SECRET_KEY }))).toBeUndefined();
  });
});

describe('the settings', () => {
  it('are refused all at once, each by name and unit', () => {
    const lines = problems({
      PORT: '70000',
      JWT_ALGORITHM: 'none',
      SECRET_KEY: 'short',
      SECRET_KEY_PREVIOUS: 'shorter',
      ACCESS_TOKEN_EXPIRE_MINUTES: '0',
      REFRESH_TOKEN_IDLE_DAYS: '1e3',
      JWT_LEEWAY_SECONDS: '61',
      ARGON2_MEMORY_KIB: '1',
      CORS_ORIGINS: '*',
      TRUSTED_PROXIES: '10.0.0.0/33',
      DATABASE_URL: 'mysql://host/base',
      LOG_LEVEL: 'loud',
      LOG_FORMAT: 'xml',
    });
    expect(new Set(lines.map((line) => line.split(' ', 1)[0])).size).toBe(13);
    for (const named of [
      /^PORT .*port/,
      /^REFRESH_TOKEN_IDLE_DAYS .*days/,
      /^JWT_LEEWAY_SECONDS .*seconds/,
    ]) {
      expect(lines).toContainEqual(expect.stringMatching(named));
    }
    expect(lines).toContainEqual(expect.stringMatching(/^ARGON2_MEMORY_KIB .*KiB/));
    expect(lines).toContainEqual(expect.stringMatching(/^SECRET_KEY is 5 bytes/));
  });

  it.each([
    ['97280', '20', '1', undefined],
    ['97281', '20', '1', /^ARGON2_TIME .*at most 19 passes with 97281 KiB/],
    ['524288', '4', '1', /^ARGON2_TIME .*at most 3 passes/],
    ['97280', '15', '64', undefined],
    ['97280', '16', '64', /^ARGON2_TIME .*at most 15 passes with 97280 KiB and 64 lanes/],
  ])('allow argon2 of %s KiB, %s passes and %s lanes only up to fifty times the default', (...given) => {
    const [memory, time, parallelism, refusal] = given;
    const set = {
      ARGON2_MEMORY_KIB: memory,
      ARGON2_TIME: time,
      ARGON2_PARALLELISM: parallelism,
    };
    expect(problems(set)).toEqual(refusal === undefined ? [] : [expect.stringMatching(refusal)]);
  });

  it('are refused all at once where they contradict each other', () => {
    const lines = problems({
      ACCESS_TOKEN_EXPIRE_MINUTES: '5',
      ACCESS_TOKEN_EXPIRE_SECONDS: '300',
      METRICS_PORT: '3000',
      REFRESH_TOKEN_IDLE_DAYS: '31',
      REFRESH_TOKEN_MAX_DAYS: '30',
      BOOTSTRAP_ADMIN_EMAIL: 'root@example.org',
      JWT_PRIVATE_KEY: RSA,
    });
    expect(lines.map((line) => line.split(' ', 1)[0])).toEqual([
      'ACCESS_TOKEN_EXPIRE_SECONDS',
      'METRICS_PORT',
      'REFRESH_TOKEN_IDLE_DAYS',
      'BOOTSTRAP_ADMIN_EMAIL',
      'JWT_PRIVATE_KEY',
    ]);
  });

  it.each([
    [{}, 604_800],
    [{ REFRESH_TOKEN_IDLE_DAYS: '2' }, 172_800],
    [{ REFRESH_TOKEN_IDLE_HOURS: '12' }, 43_200],
    [{ REFRESH_TOKEN_IDLE_SECONDS: '90' }, 90],
  ])('give the idle limit of sessions in one of three units: %j', (set, seconds) => {
    const { refreshIdleSeconds, lostAnswerSeconds } = loadConfig({ SECRET_KEY, ...set }).tokens;
    expect([refreshIdleSeconds, lostAnswerSeconds]).toEqual([seconds, seconds]);
  });

  it.each([
    [
      { REFRESH_TOKEN_IDLE_DAYS: '2', REFRESH_TOKEN_IDLE_SECONDS: '90' },
      /^REFRESH_TOKEN_IDLE_DAYS and REFRESH_TOKEN_IDLE_SECONDS are both set/,
    ],
    [
      { REFRESH_TOKEN_IDLE_HOURS: '721' },
      /^REFRESH_TOKEN_IDLE_HOURS must not be more than REFRESH_TOKEN_MAX_DAYS/,
    ],
    [{ REFRESH_TOKEN_IDLE_SECONDS: '0' }, /^REFRESH_TOKEN_IDLE_SECONDS must be a whole number of seconds/],
  ])('refuse an idle limit that says two things or too much: %j', (set, refusal) => {
    expect(problems(set)).toEqual([expect.stringMatching(refusal)]);
  });

  it('report a malformed number and a contradiction at the same time', () => {
    const lines = problems({
      PORT: 'x',
      ACCESS_TOKEN_EXPIRE_MINUTES: '5',
      ACCESS_TOKEN_EXPIRE_SECONDS: '300',
    });
    expect(lines.map((line) => line.split(' ', 1)[0])).toEqual(['PORT', 'ACCESS_TOKEN_EXPIRE_SECONDS']);
  });

  it('never appear by value in a message', () => {
    const mark = 'hunter2';
    const names = [
      'PORT',
      'DATABASE_URL',
      'JWT_ALGORITHM',
      'SECRET_KEY',
      'SECRET_KEY_PREVIOUS',
      'JWT_ISSUER',
    ];
    const more = ['CORS_ORIGINS', 'TRUSTED_PROXIES', 'LOG_LEVEL', 'LOG_FORMAT', 'ARGON2_TIME', 'HASH_QUEUE'];
    const lines = problems(Object.fromEntries([...names, ...more].map((name) => [name, mark])));
    expect(lines).toHaveLength(names.length + more.length);
    expect(lines.join('\n')).not.toContain(mark);
  });

  it('count as absent where they are empty', () => {
    const { http, tokens } = loadConfig({ SECRET_KEY, PORT: '', JWT_AUDIENCE: '  ', JWT_ISSUER: '' });
    expect(http.port).toBe(3000);
    expect(tokens).toMatchObject({ audiences: ['latchkey'], issuer: 'http://localhost:3000' });
  });

  it.each([
    'postgresql://user:hunter2@host:99999/base',
    'postgres://user:pa%zzhunter2@host/base',
    'postgres://@:',
  ])('refuse a DATABASE_URL that is no URL before connecting: %s', (url) => {
    const lines = problems({ DATABASE_URL: url });
    expect(lines).toEqual([expect.stringMatching(/^DATABASE_URL must be a URL/)]);
    expect(lines.join()).not.toContain('hunter2');
  });

  it.each(['*', 'https://a.example, *', 'a.example', 'https://a.example/path', 'https://a.example/'])(
    'refuse %s as CORS origins',
    (origins) => {
      expect(problems({ CORS_ORIGINS: origins })).toContainEqual(
        expect.stringMatching(/^CORS_ORIGINS must list/),
      );
    },
  );

  it('accept lists of origins, audiences and proxies', () => {
    const { http, tokens } = loadConfig({
      SECRET_KEY,
      CORS_ORIGINS: 'https://a.example, http://localhost:5173',
      JWT_AUDIENCE: 'latchkey, tasks',
      TRUSTED_PROXIES: '10.0.0.0/8, ::1',
    });
    expect(http.corsOrigins).toEqual(['https://a.example', 'http://localhost:5173']);
    expect(http.trustedProxies).toEqual(['10.0.0.0/8', '::1']);
    expect(tokens.audiences).toEqual(['latchkey', 'tasks']);
  });

  it.each([
    { JWT_AUDIENCE: 'http://localhost:3000' },
    { JWT_AUDIENCE: 'latchkey, http://localhost:3000/' },
    { JWT_ISSUER: 'https://id.example.org', JWT_AUDIENCE: 'https://id.example.org' },
    { JWT_ISSUER: 'https://id.example.org/', JWT_AUDIENCE: 'tasks,https://id.example.org' },
    { PORT: '8080', JWT_AUDIENCE: 'http://localhost:8080' },
  ])('refuse the issuer as an audience of applications: %j', (environment) => {
    expect(problems(environment)).toEqual([expect.stringMatching(/^JWT_AUDIENCE must not hold JWT_ISSUER/)]);
  });

  it.each(['a b', 'x'.repeat(256), 'https://x.example/#y', 'ä', 'a"b'])(
    'refuse the audience %s, with which a token could not be read or would be too long',
    (audience) => {
      expect(problems({ JWT_AUDIENCE: audience })).toEqual([
        expect.stringMatching(/^JWT_AUDIENCE must list names of at most 255 bytes/),
      ]);
    },
  );

  it('default to JSON logs and a shutdown delay in production only', () => {
    const production = loadConfig({ SECRET_KEY, NODE_ENV: 'production' });
    const elsewhere = loadConfig({ SECRET_KEY });
    expect([production.log.format, production.http.shutdownDelayMs]).toEqual(['json', 5000]);
    expect([elsewhere.log.format, elsewhere.http.shutdownDelayMs]).toEqual(['pretty', 0]);
  });
});

describe('REGISTRATION', () => {
  it('is open by default, and waits for an administrator only in production', () => {
    expect(loadConfig({ SECRET_KEY }).registration).toEqual({ open: true, needsAdministrator: false });
    const production = loadConfig({ SECRET_KEY, NODE_ENV: 'production', REGISTRATION: 'closed' });
    expect(production.registration).toEqual({ open: false, needsAdministrator: true });
  });

  it.each(['verify', 'invite'])('cannot be %s, which needs e-mail', (REGISTRATION) => {
    expect(problems({ REGISTRATION })).toEqual([expect.stringMatching(/^REGISTRATION .*e-mail/)]);
  });

  it('must be one of its values', () => {
    expect(problems({ REGISTRATION: 'yes' })).toEqual(['REGISTRATION must be open or closed']);
  });
});
