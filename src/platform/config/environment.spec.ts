import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from './env.schema.js';
import { readEnvironment, readWarnings } from './environment.js';

const SECRET_KEY = randomBytes(32).toString('hex');

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lk-env-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function put(name: string, ...lines: string[]): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, `${lines.join('\n')}\n`);
  return file;
}

async function read(environment: Environment = { SECRET_KEY }): Promise<Environment> {
  return (await readEnvironment(folder, environment)).environment;
}

async function refusal(environment: Environment, where = folder): Promise<string[]> {
  const { problems } = await readEnvironment(where, environment);
  return problems.map(({ setting, message }) => `${setting} ${message}`);
}

describe('a settings file', () => {
  it.each([
    'JWT_AUDIENCE=tasks',
    'JWT_AUDIENCE = tasks',
    'JWT_AUDIENCE="tasks"',
    'JWT_AUDIENCE = "tasks"',
    "JWT_AUDIENCE = 'tasks'",
    'JWT_AUDIENCE=tasks # who the tokens are for',
    'JWT_AUDIENCE = "tasks" # who the tokens are for',
    'export JWT_AUDIENCE=tasks',
    '  JWT_AUDIENCE=tasks  ',
    'JWT_AUDIENCE=tasks\r',
    '\uFEFFJWT_AUDIENCE=tasks',
  ])('reads the same value from %j', async (line) => {
    await put('.env', line, '# JWT_AUDIENCE=commented', '', 'LOG_LEVEL=warn');
    expect(await read()).toMatchObject({ JWT_AUDIENCE: 'tasks', LOG_LEVEL: 'warn' });
  });

  it('keeps a # within quotation marks', async () => {
    await put('.env', `SECRET_KEY="${SECRET_KEY}#x"`);
    expect((await read({}))['SECRET_KEY']).toBe(`${SECRET_KEY}#x`);
  });

  it('may be missing, empty or malformed', async () => {
    expect(await read()).toEqual({ SECRET_KEY });
    await put('.env', '');
    await put('.env.local', '%%% not a setting', '=value', '\u0000\u0001', 'A B C');
    expect(await read()).toMatchObject({ SECRET_KEY });
  });
});

describe('a settings file that cannot be read', () => {
  // A container engine creates a folder where a mounted file does not exist.
  it.each(['.env', '.env.local'])('is reported by its name: %s', async (name) => {
    await mkdir(join(folder, name));
    expect(await refusal({ SECRET_KEY })).toEqual([expect.stringContaining(name)]);
  });
});

describe('the process environment', () => {
  it('wins over .env.local, which wins over .env', async () => {
    await put('.env', 'PORT=1', 'HOST=1', 'LOG_LEVEL=1');
    await put('.env.local', 'PORT=2', 'HOST=2');
    expect(await read({ SECRET_KEY, PORT: '3' })).toMatchObject({ PORT: '3', HOST: '2', LOG_LEVEL: '1' });
  });

  it('does not override with an empty value, which containers pass for "not set"', async () => {
    await put('.env', 'PORT=1', 'LOG_LEVEL=warn');
    await put('.env.local', 'LOG_LEVEL=');
    expect(await read({ SECRET_KEY, PORT: '' })).toMatchObject({ PORT: '1', LOG_LEVEL: 'warn' });
  });
});

describe('a setting kept in a file of its own', () => {
  it.each(['SECRET_KEY', 'ROOT_SECRET', 'JWT_PRIVATE_KEY', 'BOOTSTRAP_ADMIN_PASSWORD', 'DATABASE_URL'])(
    'gives %s without its last line end',
    async (name) => {
      const file = await put('mounted', 'first line', 'last line');
      expect((await read({ SECRET_KEY_FILE: file, [`${name}_FILE`]: file }))[name]).toBe(
        'first line\nlast line',
      );
    },
  );

  it('is refused when the setting itself is set too', async () => {
    const file = await put('mounted', SECRET_KEY);
    expect(await refusal({ SECRET_KEY, SECRET_KEY_FILE: file })).toEqual([
      'SECRET_KEY_FILE and SECRET_KEY are both set: set one of them',
    ]);
  });

  it('is refused when unreadable, without showing the path', async () => {
    const faults = await refusal({ SECRET_KEY_FILE: join(folder, 'nowhere') });
    expect(faults).toEqual(['SECRET_KEY_FILE names a file that cannot be read']);
  });

  it('is refused when empty, and not replaced by a generated secret', async () => {
    const file = await put('mounted', '');
    const faults = await refusal({ SECRET_KEY_FILE: file });
    expect(faults).toEqual([expect.stringMatching(/^SECRET_KEY_FILE /)]);
    expect(await readdir(folder)).toEqual(['mounted']);
  });
});

describe('a secret of another name', () => {
  const production = { NODE_ENV: 'development' };

  it('is generated for HS*, which ROOT_SECRET cannot replace', async () => {
    const { environment } = await readEnvironment(folder, {
      ...production,
      ROOT_SECRET: SECRET_KEY,
      JWT_ALGORITHM: 'HS256',
    });
    expect(environment['SECRET_KEY']).toMatch(/^[0-9a-f]{64}$/);
  });

  it('is not generated beside ROOT_SECRET with the default algorithm', async () => {
    const { environment, generatedInto } = await readEnvironment(folder, { ROOT_SECRET: SECRET_KEY });
    expect([environment['SECRET_KEY'], generatedInto]).toEqual([undefined, undefined]);
  });
});

describe('a missing SECRET_KEY', () => {
  it('is generated into .env.local, readable by the owner alone', async () => {
    const { environment, generatedInto } = await readEnvironment(folder, {});
    expect(environment['SECRET_KEY']).toMatch(/^[0-9a-f]{64}$/);
    expect(generatedInto).toBe(join(folder, '.env.local'));
    expect((await stat(join(folder, '.env.local'))).mode & 0o777).toBe(0o600);
  });

  it('is reused by the second start', async () => {
    const first = await readEnvironment(folder, {});
    const second = await readEnvironment(folder, {});
    expect(second).toEqual({ environment: first.environment, problems: [], generatedInto: undefined });
  });

  it.each(['production', 'production ', ' production'])(
    'is never generated where NODE_ENV is %j, as shells and files write it',
    async (mode) => {
      const { environment, generatedInto } = await readEnvironment(folder, { NODE_ENV: mode });
      expect([environment['SECRET_KEY'], generatedInto]).toEqual([undefined, undefined]);
      expect(await readdir(folder)).toEqual([]);
    },
  );

  it('is not generated when .env sets production', async () => {
    await put('.env', 'NODE_ENV=production');
    expect((await readEnvironment(folder, {})).generatedInto).toBeUndefined();
    expect(await readdir(folder)).toEqual(['.env']);
  });

  it('is required when it cannot be written, as in a read-only folder', async () => {
    expect(await refusal({}, join(folder, 'gone'))).toEqual([expect.stringMatching(/^SECRET_KEY /)]);
  });

  it('is not generated when a private key is set or .env holds a secret', async () => {
    expect((await readEnvironment(folder, { JWT_PRIVATE_KEY: 'pem' })).generatedInto).toBeUndefined();
    await put('.env', `SECRET_KEY = "${SECRET_KEY}"`);
    expect(await readEnvironment(folder, {})).toEqual({
      environment: { SECRET_KEY },
      problems: [],
      generatedInto: undefined,
    });
  });
});

describe('a file that is not UTF-8', () => {
  const text = `SECRET_KEY=${SECRET_KEY}\n`;
  const utf16be = Buffer.from(`\uFEFF${text}`, 'utf16le').swap16();
  it.each([
    ['UTF-16 as PowerShell writes it', Buffer.from(`\uFEFF${text}`, 'utf16le'), /^is UTF-16/],
    ['UTF-16 of the other order', utf16be, /^is UTF-16/],
    ['UTF-16 without its mark', Buffer.from(text, 'utf16le'), /^is UTF-16/],
    ['Latin-1', Buffer.from(`# Schlüssel\n${text}`, 'latin1'), /^is not valid UTF-8/],
  ])('is refused by its name, and no new secret is made: %s', async (_, bytes, fault) => {
    for (const name of ['.env', '.env.local']) {
      const file = join(folder, name);
      await writeFile(file, bytes);
      const { problems, generatedInto } = await readEnvironment(folder, {});
      expect(problems).toEqual([{ setting: file, message: expect.stringMatching(fault) }]);
      expect(generatedInto).toBeUndefined();
      expect(await readdir(folder)).toEqual([name]);
      await rm(file);
    }
    const file = join(folder, 'secret');
    await writeFile(file, bytes);
    expect(await refusal({ SECRET_KEY_FILE: file })).toEqual([
      expect.stringMatching(/^SECRET_KEY_FILE names a file that is /),
    ]);
  });
});

it('what is probably not meant is warned of by name, in the files and in the environment', async () => {
  await put('.env', `SECRET_KEY=${SECRET_KEY}#x`, 'JWT_ALGORITM=ES256');
  await put('.env.local', 'LOG_LEVLE=debug');
  const warnings = readWarnings(folder, { CORS_ORIGIN: 'x', PATH: '/bin', POST: '1' });
  expect(warnings.map(({ setting }) => setting)).toEqual([
    'SECRET_KEY',
    'JWT_ALGORITM',
    'LOG_LEVLE',
    'CORS_ORIGIN',
  ]);
});
