import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHmac, createPublicKey, verify, type JsonWebKey } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError, loadConfig } from '../../src/platform/config/env.schema.js';
import { readEnvironment } from '../../src/platform/config/environment.js';
import type { Person, TokenPair } from '../support/http/client.js';
import { newFolder } from '../support/service/process.js';
import { newSecret, startServer, type TestServer } from '../support/service/server.js';
import { decode } from '../support/tokens/tokens.js';

const SAMPLE = '09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7';
const BEGINNINGS = {
  HS256: 'eyJhbGciOiJIUzI1NiIs',
  ES256: 'eyJhbGciOiJFUzI1NiIs',
  RS256: 'eyJhbGciOiJSUzI1NiIs',
} as const;

function faults(environment: Record<string, string>): string[] {
  try {
    loadConfig(environment);
    return [];
  } catch (error) {
    if (error instanceof ConfigError)
      return error.problems.map(({ setting, message }) => `${setting} ${message}`);
    throw error;
  }
}

describe.each(['HS256', 'ES256', 'RS256'] as const)('with %s', (algorithm) => {
  let server: TestServer;
  let person: Person & TokenPair;

  beforeAll(async () => {
    const env = { JWT_ALGORITHM: algorithm, ACCESS_TOKEN_EXPIRE_MINUTES: '30' };
    server = await startServer({ env });
    person = await server.client.newcomer();
  });
  afterAll(() => server.close());

  it('a lifetime of 30 minutes, or of 1800 seconds, gives exp - iat = 1800', () => {
    const { exp, iat } = decode(person.access_token).claims as { exp: number; iat: number };
    expect(exp - iat).toBe(1800);
    const { tokens } = loadConfig({
      SECRET_KEY: newSecret(),
      JWT_ALGORITHM: algorithm,
      ACCESS_TOKEN_EXPIRE_SECONDS: '1800',
    });
    expect(tokens.accessSeconds).toBe(1800);
  });

  it.each(['0', '-1', 'abc', '1e9'])('a lifetime of %s minutes refuses the start', (minutes) => {
    const settings = {
      SECRET_KEY: newSecret(),
      JWT_ALGORITHM: algorithm,
      ACCESS_TOKEN_EXPIRE_MINUTES: minutes,
    };
    expect(faults(settings)).toEqual([
      expect.stringMatching(/^ACCESS_TOKEN_EXPIRE_MINUTES must be a whole number of minutes/),
    ]);
  });

  it('a token is issued and verified, by this service and by the key that others have', async () => {
    const { access_token: token } = person;
    expect((await server.client.me(token)).body['id']).toBe(person.id);
    const at = token.lastIndexOf('.');
    const [input, signature] = [token.slice(0, at), Buffer.from(token.slice(at + 1), 'base64url')];
    const { body } = await server.client.get<{ keys: JsonWebKey[] }>('/.well-known/jwks.json');
    if (algorithm === 'HS256') {
      expect(body.keys).toEqual([]);
      expect(createHmac('sha256', server.secret).update(input).digest()).toEqual(signature);
      return;
    }
    const jwk = body.keys.find(({ kid }) => kid === decode(token).header['kid']);
    const key = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' });
    expect(verify('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }, signature)).toBe(true);
  });

  it('a token is three base64url parts without padding and begins with its algorithm', () => {
    expect(person.access_token).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
    expect(person.access_token).toMatch(new RegExp(`^${BEGINNINGS[algorithm]}`));
  });

  it('a token holds ids, whole seconds and its type, and nothing personal', async () => {
    const { claims } = decode(person.access_token);
    const next = decode((await server.client.login(person)).access_token).claims;
    expect(claims).toMatchObject({
      sub: person.id,
      type: 'access',
      iss: expect.any(String),
      aud: expect.any(String),
      jti: expect.any(String),
    });
    expect([claims['iat'], claims['exp']].every(Number.isInteger)).toBe(true);
    expect(next['jti']).not.toBe(claims['jti']);
    for (const text of [person.email, person.username, person.password]) {
      expect(JSON.stringify(claims)).not.toContain(text);
    }
  });

  it.each([
    ['under 32 bytes', 'x1y2z3'],
    ['that tutorials publish', SAMPLE],
    ['that is a placeholder', 'change-me-change-me-change-me-please'],
  ])('a secret %s refuses the start and is named, SECRET_KEY and ROOT_SECRET alike', (_name, weak) => {
    const good = { SECRET_KEY: newSecret(), JWT_ALGORITHM: algorithm };
    expect(faults({ ...good, SECRET_KEY: weak })).toEqual([expect.stringMatching(/^SECRET_KEY (is|looks)/)]);
    expect(faults({ ...good, ROOT_SECRET: weak })).toEqual([
      expect.stringMatching(/^ROOT_SECRET (is|looks)/),
    ]);
  });

  it('production generates no secret, and names what is missing', async () => {
    const folder = await newFolder();
    const given = { NODE_ENV: 'production', JWT_ALGORITHM: algorithm };
    const { environment, generatedInto } = await readEnvironment(folder.path, given);
    expect(generatedInto).toBeUndefined();
    expect(faults(environment as Record<string, string>)).toEqual([
      expect.stringMatching(/^SECRET_KEY is missing/),
    ]);
    await folder.remove();
  });

  it('.env in the working directory suffices', async () => {
    const folder = await newFolder();
    const secret = newSecret();
    const lines = [
      `JWT_ALGORITHM = "${algorithm}"`,
      `SECRET_KEY=${secret}`,
      'ACCESS_TOKEN_EXPIRE_MINUTES = 30 # half',
    ];
    await writeFile(join(folder.path, '.env'), lines.join('\n'));
    const { environment } = await readEnvironment(folder.path, {});
    const { keys, tokens } = loadConfig(environment);
    expect([keys.algorithm, keys.secret, tokens.accessSeconds]).toEqual([algorithm, secret, 1800]);
    await folder.remove();
  });
});
