import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline';
import type { Person, TokenPair } from '../support/http/client.js';
import { startServer, type TestServer } from '../support/service/server.js';
import { decode, freshId } from '../support/tokens/tokens.js';

const PYTHON = '/usr/bin/python3';
const LIBRARIES = ['pyjwt', 'jose'] as const;
type Library = (typeof LIBRARIES)[number];

/** Two independent implementations of JWT: one question per line on standard input, one answer per line. */
const PROGRAM = `
import json, sys
import jwt as pyjwt
from jose import jwt as jose

pyjwt_refusal, jose_refusal = pyjwt.exceptions.PyJWTError, jose.JWTError

def pyjwt_key(q):
    if "jwks" not in q:
        return q["key"]
    kid = pyjwt.get_unverified_header(q["token"])["kid"]
    return next(k.key for k in pyjwt.PyJWKSet.from_dict(q["jwks"]).keys if k.key_id == kid)

def answer(q):
    if q["do"] == "mint":
        encode = pyjwt.encode if q["library"] == "pyjwt" else jose.encode
        return encode(q["claims"], q["key"], algorithm=q["algorithm"], headers=q["headers"])
    checks = {"audience": q.get("audience"), "issuer": q.get("issuer"), "algorithms": [q["algorithm"]]}
    try:
        if q["library"] == "pyjwt":
            return pyjwt.decode(q["token"], pyjwt_key(q), **checks)
        return jose.decode(q["token"], q.get("jwks", q.get("key")), **checks)
    except (pyjwt_refusal, jose_refusal) as error:
        return {"refused": type(error).__name__}

for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
`;

/** PyJWT reads a whole JWKS since 2.0. Debian's packages are python3-jwt and python3-jose. */
function libraryIsMissing(): boolean {
  const probe = 'import jwt, jose.jwt; jwt.PyJWKSet';
  return spawnSync(PYTHON, ['-c', probe]).status !== 0;
}

interface Question {
  readonly library: Library;
  readonly do: 'verify' | 'mint';
  readonly algorithm: string;
  readonly [option: string]: unknown;
}

let python: ChildProcessWithoutNullStreams | undefined;
let answers: AsyncIterator<string>;

async function ask(question: Question): Promise<unknown> {
  if (!python) {
    python = spawn(PYTHON, ['-c', PROGRAM]);
    python.stderr.pipe(process.stderr);
    answers = createInterface({ input: python.stdout })[Symbol.asyncIterator]();
  }
  python.stdin.write(`${JSON.stringify(question)}\n`);
  const { value, done } = await answers.next();
  if (done) throw new Error('the witness ended');
  return JSON.parse(value);
}
afterAll(() => {
  python?.kill();
});

const missing = libraryIsMissing();
if (missing) process.stdout.write('skipped: no PyJWT or python-jose at /usr/bin/python3\n');

(missing ? describe.skip : describe)('an HS256 token', () => {
  let server: TestServer;
  let person: Person & TokenPair;

  beforeAll(async () => {
    server = await startServer({ env: { JWT_ALGORITHM: 'HS256' } });
    person = await server.client.newcomer();
  });
  afterAll(() => server.close());

  function verdict(library: Library, token: string, change: Record<string, unknown> = {}): Promise<unknown> {
    const { issuer, audiences } = server.config.tokens;
    const question = { library, do: 'verify', algorithm: 'HS256', token, key: server.secret } as const;
    return ask({ ...question, issuer, audience: audiences[0], ...change });
  }

  describe.each(LIBRARIES)('with %s', (library) => {
    it('is verified by the library with SECRET_KEY, issuer and audience', async () => {
      expect(await verdict(library, person.access_token)).toEqual(decode(person.access_token).claims);
    });

    it('is refused by the library with another key, audience or issuer', async () => {
      const other = { key: randomBytes(32).toString('hex') };
      for (const change of [other, { audience: 'else' }, { issuer: 'https://else.example' }]) {
        expect(await verdict(library, person.access_token, change)).toEqual({ refused: expect.any(String) });
      }
    });

    it('that the library signs with the documented header and claims is accepted by Latchkey', async () => {
      const { header, claims } = decode(person.access_token);
      const mint = (changes: object) =>
        ask({
          library,
          do: 'mint',
          algorithm: 'HS256',
          key: server.secret,
          headers: { typ: header['typ'], kid: header['kid'] },
          claims: { ...claims, jti: freshId(), ...changes },
        }) as Promise<string>;
      expect((await server.client.me(await mint({}))).body['id']).toBe(person.id);
      expect((await server.client.me(await mint({ aud: ['else', 'latchkey'] }))).status).toBe(200);
      expect((await server.client.me(await mint({ aud: 'else' }))).status).toBe(401);
    });
  });
});

(missing ? describe.skip : describe).each([
  ['ES256', () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey],
  ['RS256', () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey],
] as const)('a token of %s', (algorithm, newKey) => {
  let server: TestServer;
  let person: Person & TokenPair;
  const pem = newKey().export({ type: 'pkcs8', format: 'pem' }).toString();

  beforeAll(async () => {
    server = await startServer({ env: { JWT_ALGORITHM: algorithm, JWT_PRIVATE_KEY: pem } });
    person = await server.client.newcomer();
  });
  afterAll(() => server.close());

  it.each(LIBRARIES)('is verified by %s with the published keys', async (library) => {
    const { body: jwks } = await server.client.get('/.well-known/jwks.json');
    const { issuer, audiences } = server.config.tokens;
    const question = { library, do: 'verify', algorithm, jwks, issuer, audience: audiences[0] } as const;
    expect(await ask({ ...question, token: person.access_token })).toEqual(
      decode(person.access_token).claims,
    );
    // Another key with the same kid does not verify the signature.
    const other = createPublicKey(newKey()).export({ format: 'jwk' });
    const forged = { ...other, kid: decode(person.access_token).header['kid'], alg: algorithm, use: 'sig' };
    const answer = await ask({ ...question, token: person.access_token, jwks: { keys: [forged] } });
    expect(answer).toEqual({ refused: expect.any(String) });
  });
});

describe('a bcrypt hash made by passlib', () => {
  // passlib 1.7.4, bcrypt.using(rounds=12).hash(password)
  const HASHES: Readonly<Record<string, string>> = {
    'a tuesday of marmalade': '$2b$12$o3xCggVIk.kS47VIjvasuOgNhfqBxYMApTqmCGpORr/wnUIBC2ypO',
    'ﬁne Ångström horse': '$2b$12$r6nNhhtX60wY/53GJXdSmet2F/2kdeIxtCbjA1T2v7tBIsQ5AmSja',
    ['x1'.repeat(36)]: '$2b$12$/WcA9IkXDYW63aZw3brA/euNDjtxG7uvaE3KLw3ur7LyNY7xq9t.W',
  };
  let server: TestServer;

  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.close());

  async function imported(password: string): Promise<Person> {
    const person = await server.client.register();
    await server.database.query('UPDATE users SET password_hash = $1 WHERE id = $2', [
      HASHES[password],
      person.id,
    ]);
    return { ...person, password };
  }

  async function hashOf({ id }: Person): Promise<string | undefined> {
    const rows = await server.database.query<{ password_hash: string }>(
      'SELECT password_hash FROM users WHERE id = $1',
      [id],
    );
    return rows[0]?.password_hash;
  }

  it.each(['a tuesday of marmalade', 'ﬁne Ångström horse'])(
    'accepts the password "%s" and is replaced by argon2id',
    async (password) => {
      const person = await imported(password);
      await server.client.login(person);
      expect(await hashOf(person)).toMatch(/^\$argon2id\$v=19\$m=8192,t=1,p=1\$/);
      await server.client.login(person);
    },
  );

  it('is kept when the password is wrong', async () => {
    const person = await imported('a tuesday of marmalade');
    const json = { username: person.username, password: 'a Tuesday of marmalade' };
    expect((await server.client.post('/auth/login', { json })).status).toBe(401);
    expect(await hashOf(person)).toBe(HASHES['a tuesday of marmalade']);
  });

  it('does not accept a longer password with the same first 72 bytes, before and after the replacement', async () => {
    const person = await imported('x1'.repeat(36));
    const longer = { username: person.username, password: `${person.password} and more` };
    expect((await server.client.post('/auth/login', { json: longer })).status).toBe(401);
    await server.client.login(person);
    expect((await server.client.post('/auth/login', { json: longer })).status).toBe(401);
    await server.client.login(person);
  });
});
