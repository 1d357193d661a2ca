import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { memberWithScopes, type Member } from '../support/actors/administrators.js';
import { freePort } from '../support/service/free-port.js';
import { startServer, type TestServer } from '../support/service/server.js';
import { decode, mint } from '../support/tokens/tokens.js';

const PYTHON = '/usr/bin/python3';
const RECIPE = fileURLToPath(new URL('../../docs/recipes/fastapi.py', import.meta.url));

/** Runs the unchanged recipe: one request (path and headers) per line on standard input, one answer per line. */
const PROGRAM = `
import importlib.util, json, sys
spec = importlib.util.spec_from_file_location("recipe", sys.argv[1])
recipe = importlib.util.module_from_spec(spec)
sys.dont_write_bytecode = True
spec.loader.exec_module(recipe)
from fastapi.testclient import TestClient
client = TestClient(recipe.app)
for line in sys.stdin:
    path, headers = json.loads(line)
    answer = client.get(path, headers=[tuple(h) for h in headers])
    print(json.dumps({"status": answer.status_code, "challenge": answer.headers.get("www-authenticate"), **answer.json()}), flush=True)
`;

class Api {
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly answers: AsyncIterator<string>;

  constructor(env: Readonly<Record<string, string>>) {
    this.child = spawn(PYTHON, ['-c', PROGRAM, RECIPE], { env });
    this.child.stderr.pipe(process.stderr);
    this.answers = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  async get(path: string, ...authorizations: string[]): Promise<Record<string, unknown>> {
    const headers = authorizations.map((value) => ['Authorization', value]);
    this.child.stdin.write(`${JSON.stringify([path, headers])}\n`);
    const { value, done } = await this.answers.next();
    if (done) throw new Error('the recipe ended');
    return JSON.parse(value) as Record<string, unknown>;
  }

  stop(): void {
    this.child.kill();
  }
}

const needed = 'import jwt, cryptography, fastapi, httpx; jwt.PyJWKClient';
const missing = spawnSync(PYTHON, ['-c', needed]).status !== 0;
if (missing) process.stdout.write('skipped: no PyJWT, FastAPI or httpx at /usr/bin/python3\n');

const INVALID = {
  status: 401,
  challenge: 'Bearer error="invalid_token", error_description="Could not validate credentials"',
  detail: 'Could not validate credentials',
};

(missing ? describe.skip : describe).each(['HS256', 'ES256'] as const)(
  'the FastAPI recipe, %s',
  (algorithm) => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    let server: TestServer;
    let reader: Member;
    let api: Api;

    beforeAll(async () => {
      const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
      const es256: Record<string, string> = { JWT_ALGORITHM: 'ES256', JWT_PRIVATE_KEY: pem };
      server = await startServer({ env: algorithm === 'ES256' ? es256 : { JWT_ALGORITHM: 'HS256' } });
      reader = await memberWithScopes(server, 'reports:read');
      api = new Api(settings());
    });
    afterAll(async () => {
      api?.stop();
      await server.close();
    });

    function settings(): Record<string, string> {
      const key: Record<string, string> =
        algorithm === 'HS256'
          ? { LATCHKEY_SECRET_KEY: server.secret }
          : { LATCHKEY_JWKS_URL: `${server.url}/.well-known/jwks.json` };
      return { LATCHKEY_ISSUER: server.config.tokens.issuer, LATCHKEY_ALGORITHM: algorithm, ...key };
    }

    /** The reader's token with some claims changed and a signature of the service's own key. */
    function changed(claims: object, header: object = {}): string {
      const parts = decode(reader.access_token);
      const all = [
        { ...parts.header, ...header },
        { ...parts.claims, ...claims },
      ] as const;
      return algorithm === 'HS256' ? mint(...all, server.secret) : signed(...all, privateKey);
    }

    const asked = (token: string, path = '/tasks') => api.get(path, `Bearer ${token}`);
    const now = () => Math.floor(Date.now() / 1000);

    it('a valid token identifies the caller', async () => {
      expect(await asked(reader.access_token)).toEqual({ status: 200, challenge: null, user: reader.id });
      expect(await asked(reader.access_token, '/reports')).toMatchObject({ status: 200 });
      expect(await asked(changed({}))).toMatchObject({ status: 200, user: reader.id });
      expect(await asked(changed({ aud: ['else', 'latchkey'] }))).toMatchObject({ status: 200 });
    });

    it('a missing token, a missing scope and an expired token are refused as Latchkey refuses them', async () => {
      expect(await api.get('/tasks')).toEqual({
        status: 401,
        challenge: 'Bearer',
        detail: 'Not authenticated',
      });
      const { access_token: token } = await server.client.newcomer();
      expect(await asked(token, '/reports')).toEqual({
        status: 403,
        challenge: 'Bearer error="insufficient_scope", scope="reports:read"',
        detail: 'Not enough permissions',
      });
      // The leeway does not delay expiry.
      expect(await asked(changed({ exp: now() - 1 }))).toEqual({
        status: 401,
        challenge: 'Bearer error="invalid_token", error_description="Token has expired"',
        detail: 'Token has expired',
      });
    });

    it('a refresh token is refused, whatever its typ and type', async () => {
      expect(await asked(reader.refresh_token)).toEqual(INVALID);
      expect(await asked(changed({ type: 'refresh' }))).toEqual(INVALID);
      expect(await asked(changed({}, { typ: 'rt+jwt' }))).toEqual(INVALID);
      expect(await asked(changed({}, { typ: 'JWT' }))).toEqual(INVALID);
    });

    it.each([
      ['another audience', { aud: 'else' }],
      ['another issuer', { iss: 'https://else.example' }],
      ['no expiry', { exp: undefined }],
      ['no session', { sid: undefined }],
      ['a time of issue in the future', { iat: now() + 3600 }],
      ['an nbf in the future', { nbf: now() + 3600 }],
      ['scopes that are a list', { scope: ['reports:read'] }],
      ['a subject that is a list', { sub: ['root'] }],
    ])('a token with %s is refused', async (_, claims) => {
      expect(await asked(changed(claims))).toEqual(INVALID);
    });

    it('the algorithm is never taken from the token', async () => {
      const { header, claims } = decode(reader.access_token);
      const parts = reader.access_token.split('.');
      const unsigned = (alg: string) =>
        [{ ...header, alg }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'));
      for (const alg of ['none', 'None', 'NONE'])
        expect(await asked(`${unsigned(alg).join('.')}.`)).toEqual(INVALID);
      const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
      const forged = [
        mint({ ...header, alg: 'HS256' }, claims, pem),
        mint({ ...header, alg: 'HS256' }, claims, pem.trimEnd()),
        mint({ ...header, alg: 'HS384' }, claims, server.secret, 'sha384'),
        mint({ ...header, alg: 'ES256' }, claims, server.secret),
        signed(
          { ...header, alg: 'ES256' },
          claims,
          generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
        ),
        `${parts[0]}.${parts[1]}.`,
        `${parts[0]}.${parts[1]}.AAAA`,
        parts.slice(0, 2).join('.'),
        'x',
        'a'.repeat(9000),
      ];
      for (const token of forged) expect(await asked(token)).toEqual(INVALID);
      expect(await asked(changed({}, { crit: ['exp'] }))).toEqual(INVALID);
      const jwk = createPublicKey(privateKey).export({ format: 'jwk' });
      expect(await asked(signed({ ...header, jwk, kid: 'mine' }, claims, privateKey))).toEqual(INVALID);
    });

    it('the token is taken from exactly one Authorization header of the scheme Bearer', async () => {
      const good = `Bearer ${reader.access_token}`;
      expect(await api.get('/tasks', `bearer ${reader.access_token}`)).toMatchObject({ status: 200 });
      for (const headers of [
        [good, good],
        [good, 'Bearer x'],
        [`Basic ${reader.access_token}`],
        ['Bearer'],
        [''],
      ]) {
        expect(await api.get('/tasks', ...headers)).toEqual(INVALID);
      }
      expect(await api.get(`/tasks?access_token=${reader.access_token}`)).toMatchObject({ status: 401 });
    });

    const itFetchesKeys = algorithm === 'HS256' ? it.skip : it;
    itFetchesKeys('a token is refused with 503 while the keys cannot be fetched', async () => {
      const closed = `http://127.0.0.1:${await freePort()}/jwks.json`;
      const lost = new Api({ ...settings(), LATCHKEY_JWKS_URL: closed });
      expect(await lost.get('/tasks', `Bearer ${reader.access_token}`)).toMatchObject({ status: 503 });
      expect(await lost.get('/tasks')).toMatchObject({ status: 401 });
      lost.stop();
    });
  },
);

function signed(header: object, claims: object, key: KeyObject): string {
  const input = [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${input}.${sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}
