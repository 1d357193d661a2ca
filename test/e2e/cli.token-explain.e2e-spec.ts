import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { secretSigningKey } from '../../src/keys/signing-key.js';
import { CLI, runCli } from '../support/service/cli.js';
import { administrator } from '../support/actors/administrators.js';
import { clientToken, newClient } from '../support/actors/clients.js';
import type { Person, TokenPair } from '../support/http/client.js';
import { newFolder } from '../support/service/process.js';
import { freePort } from '../support/service/free-port.js';
import { newSecret, startServer, type TestServer } from '../support/service/server.js';
import { decode, freshId, mint } from '../support/tokens/tokens.js';

const SECRET = newSecret();
const ISSUER = 'http://localhost:3000';

const { kid } = secretSigningKey(SECRET, 'HS256');

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lk-cli-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(args: string[], env: Record<string, string> = {}, input = '') {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], {
    cwd: folder,
    env: {
      PATH: process.env['PATH'] ?? '',
      SECRET_KEY: SECRET,
      JWT_ALGORITHM: 'HS256',
      JWT_ISSUER: ISSUER,
      TZ: 'Asia/Kolkata',
      ...env,
    },
    input,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

function tokenOf(change: object, keyId = kid, secret = SECRET): string {
  const iat = Math.floor(Date.now() / 1000) - 60;
  const claims = {
    iss: ISSUER,
    aud: 'latchkey',
    sub: freshId(),
    client_id: 'first-party',
    exp: iat + 900,
    iat,
  };
  const rest = { jti: freshId(), sid: freshId(), type: 'access', scope: '', ver: 1 };
  return mint({ alg: 'HS256', typ: 'at+jwt', kid: keyId }, { ...claims, ...rest, ...change }, secret);
}

describe('latchkey token explain', () => {
  it('prints header, claims and times in UTC and local time with the distance from this clock', () => {
    const token = tokenOf({ exp: 1_800_000_000 });
    const { stdout } = run(['token', 'explain', token]);
    expect(stdout).toContain('"typ": "at+jwt"');
    expect(stdout).toContain('"client_id": "first-party"');
    expect(stdout).toContain('2027-01-15T08:00:00.000Z UTC, 2027-01-15T13:30:00.000+05:30 local');
    expect(stdout).toMatch(/issued {6}.*\(6\d s ago by this machine's clock\)/);
    expect(stdout).toMatch(/now {9}\d{4}-/);
  });

  it('escapes characters of the token that a terminal would obey', () => {
    const token = tokenOf({ jti: '\u202edab\u009b31m' }, 'k\u009b2J\u2066');
    for (const options of [[], ['--json']]) {
      const { stdout } = run(['token', 'explain', token, ...options]);
      expect(stdout).toContain('k\\u009b2J\\u2066');
      expect(stdout.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    }
  });

  it('never prints the token itself or the key', () => {
    const token = tokenOf({});
    const { stdout, stderr } = run(['token', 'explain', token]);
    for (const part of [...token.split('.'), SECRET]) expect(stdout + stderr).not.toContain(part);
  });

  it.each<[string, object, number, RegExp]>([
    ['that is good', {}, 0, /would be accepted as access token/],
    [
      'that has expired',
      { exp: 1_700_000_000 },
      1,
      /would be refused: token_expired, expired .*expired_for_seconds/,
    ],
    [
      'for another audience',
      { aud: 'another' },
      1,
      /token_wrong_audience, wrong audience {"expected":\["http:\/\/localhost:3000","latchkey"\],"received":\["another"\]}/,
    ],
    [
      'with a time in milliseconds',
      { exp: Date.now() },
      1,
      /token_invalid, claim exp missing or of a wrong type/,
    ],
  ])('reports the verdict on a token %s as text and exit status', (_, change, status, verdict) => {
    const explained = run(['token', 'explain', '-'], {}, `Bearer ${tokenOf(change)}\n`);
    expect(explained.stdout).toMatch(verdict);
    expect(explained.status).toBe(status);
  });

  it('reports a signature of another key, and a text that is no token', () => {
    const foreign = run(['token', 'explain', tokenOf({}, kid, newSecret())]);
    expect([foreign.status, foreign.stdout]).toEqual([
      1,
      expect.stringContaining('signature does not verify'),
    ]);
    const garbage = run(['token', 'explain', 'a.b']);
    expect([garbage.status, garbage.stdout]).toEqual([1, 'Not a token of this service: not three parts.\n']);
    const verdict = 'Not a token of this service: not three parts';
    const inJson = run(['token', 'explain', 'a.b', '--json']);
    expect([inJson.status, JSON.parse(inJson.stdout)]).toEqual([1, { accepted: false, verdict }]);
  });

  it('refuses a token with an unknown key id of a secret', () => {
    const { status, stdout } = run(['token', 'explain', tokenOf({}, 'another')]);
    expect([status, stdout]).toEqual([1, expect.stringContaining('unknown key id')]);
  });

  it('prints JSON with --json', () => {
    const { stdout } = run(['token', 'explain', tokenOf({}), '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ accepted: true, header: { kid }, claims: { type: 'access' } });
  });

  it('creates no secret if none is set, and gives no verdict', () => {
    const { status, stdout } = run(['token', 'explain', tokenOf({})], { SECRET_KEY: '' });
    expect([status, stdout]).toEqual([69, expect.stringContaining('unknown: the service does not start')]);
    expect(existsSync(join(folder, '.env.local'))).toBe(false);
  });

  it('exits with 2 for missing or wrong arguments, and lists the commands with --help', () => {
    for (const args of [[], ['token'], ['nonsense'], ['token', 'explain']]) expect(run(args).status).toBe(2);
    for (const url of ['localhost:3000', 'file:///etc', 'http://a:b@localhost', 'http://']) {
      expect(run(['token', 'explain', 'a.b', '--url', url]).status).toBe(2);
    }
    expect(run(['--help'])).toMatchObject({ status: 0, stdout: expect.stringMatching(/^ {2}token {2,}\S/m) });
    expect(run(['token', '--help']).stdout).toMatch(/^ {2}explain /m);
  });
});

describe('latchkey token explain, for a token of a key of the key ring', () => {
  let server: TestServer;
  let person: Person;
  let tokens: TokenPair;

  beforeAll(async () => {
    server = await startServer({ env: { SECRET_KEY: SECRET, JWT_ALGORITHM: 'ES256', JWT_ISSUER: ISSUER } });
    person = await server.client.register();
    tokens = await server.client.login(person);
  });
  afterAll(() => server.close());

  async function explained(token: string, args: string[] = [], env: Record<string, string> = {}) {
    const settings = { SECRET_KEY: SECRET, JWT_ISSUER: ISSUER, JWT_ALGORITHM: 'ES256', ...env };
    const { status, stdout, stderr } = await runCli(['token', 'explain', '-', '--json', ...args], {
      folder,
      env: settings,
      input: token,
    });
    expect(stderr).toBe('');
    return { status, ...(JSON.parse(stdout) as { accepted: unknown; verdict: string; service?: string }) };
  }
  const askedAt = (url: string) => ['--url', url];

  it('has no verdict offline, and suggests --url', async () => {
    const noVerdict = {
      status: 69,
      accepted: null,
      verdict: expect.stringMatching(/^unknown: .*use --url$/),
    };
    expect(await explained(tokens.access_token)).toMatchObject(noVerdict);
    // After a change of the algorithm the former key still verifies.
    expect(await explained(tokens.access_token, [], { JWT_ALGORITHM: 'HS256' })).toMatchObject(noVerdict);
  });

  it('accepts a refresh token offline, because the root secret of the settings signed it', async () => {
    expect(await explained(tokens.refresh_token)).toMatchObject({
      status: 0,
      verdict: 'would be accepted as refresh token, unless it was revoked',
    });
    expect(await explained(tokens.refresh_token, [], { ROOT_SECRET: newSecret() })).toMatchObject({
      status: 1,
      verdict: expect.stringContaining('unknown key id'),
    });
  });

  it('knows the SECRET_KEY of .env.local after a change from HS256 to ES256, and says until when', async () => {
    const own = await newFolder();
    await writeFile(join(own.path, '.env.local'), `SECRET_KEY=${SECRET}\n`);
    const of = async (change: object, by?: string) => {
      const options = { folder: own.path, env: { JWT_ISSUER: ISSUER }, input: tokenOf(change, kid, by) };
      const { status, stdout } = await runCli(['token', 'explain', '-'], options);
      return [status, stdout];
    };
    const exp = Math.floor(Date.now() / 1000) + 300;
    expect(await of({ exp })).toEqual([
      0,
      expect.stringContaining(
        `would be accepted as access token until ${new Date(exp * 1000).toISOString()}, unless it was revoked, if the ` +
          'service issued it before its key for ES256 began to sign: SECRET_KEY signed it with HS256',
      ),
    ]);
    expect(await of({ exp }, newSecret())).toEqual([1, expect.stringContaining('signature does not verify')]);
    expect(await of({ exp: 1_700_000_000 })).toEqual([1, expect.stringContaining('token_expired')]);
    await own.remove();
  });

  it('refuses a wrong audience offline, without the key', async () => {
    expect(await explained(tokens.access_token, [], { JWT_AUDIENCE: 'another' })).toMatchObject({
      status: 1,
      accepted: false,
      verdict: expect.stringMatching(/^would be refused: token_wrong_audience/),
    });
  });

  it('accepts by the published keys and the answer of the service', async () => {
    expect(await explained(tokens.access_token, askedAt(server.url))).toMatchObject({
      status: 0,
      accepted: true,
      verdict: 'would be accepted as access token, unless it was revoked',
      service: '200',
    });
    expect(await explained(tokens.refresh_token, askedAt(server.url))).toMatchObject({
      status: 0,
      accepted: true,
      verdict: 'would be accepted as refresh token, unless it was revoked',
      service: expect.stringMatching(/^not asked/),
    });
  });

  it('accepts tokens for the service itself, of a user and of a client, and has no verdict offline', async () => {
    const admin = await administrator(server);
    const client = await newClient(server, admin, { scopes: ['users:read'] });
    const service = [
      [admin.access_token, '200'],
      [await clientToken(server, client, 'users:read'), expect.stringMatching(/^403 user_required/)],
    ] as const;
    for (const [token, answer] of service) {
      expect(decode(token).claims['aud']).toBe(ISSUER);
      expect(await explained(token, askedAt(server.url))).toMatchObject({
        status: 0,
        accepted: true,
        service: answer,
      });
      expect(await explained(token)).toMatchObject({ status: 69, accepted: null });
    }
    const { access_token: ended } = await server.client.loginForService(admin);
    await server.client.post('/auth/logout', { token: ended });
    expect(await explained(ended, askedAt(server.url))).toMatchObject({
      status: 1,
      service: expect.stringMatching(/^401 token_revoked/),
    });
  });

  it('asks below the path of --url', async () => {
    const nowhere = `http://127.0.0.1:${await freePort()}`;
    expect(await explained(tokens.access_token, askedAt(`${nowhere}/id/`))).toMatchObject({
      service: `no answer: ${nowhere}/id/auth/verify cannot be reached (ECONNREFUSED)`,
    });
  });

  it('refuses a forged signature, and a key that is not published', async () => {
    const [header = '', claims = ''] = tokens.access_token.split('.');
    const forged = `${header}.${claims}.${Buffer.alloc(64, 7).toString('base64url')}`;
    expect(await explained(forged, askedAt(server.url))).toMatchObject({
      status: 1,
      accepted: false,
      verdict: expect.stringContaining('signature does not verify'),
      service: expect.stringMatching(/^401 token_invalid/),
    });
    const strange = mint(
      { ...decode(tokens.access_token).header, kid: 'another' },
      decode(forged).claims,
      'x',
    );
    expect(await explained(strange, askedAt(server.url))).toMatchObject({
      status: 1,
      verdict: expect.stringContaining('unknown key id'),
    });
  });

  it('learns only from the service that a token was revoked', async () => {
    const { access_token: token } = await server.client.login(person);
    await server.client.post('/auth/logout', { token });
    expect(await explained(token, askedAt(server.url))).toMatchObject({
      status: 1,
      accepted: false,
      verdict: expect.stringMatching(/^would be accepted/),
      service: expect.stringMatching(/^401 token_revoked/),
    });
  });

  it('has no verdict if the service does not answer', async () => {
    const nowhere = `http://127.0.0.1:${await freePort()}`;
    expect(await explained(tokens.access_token, askedAt(nowhere))).toMatchObject({
      status: 69,
      accepted: null,
      verdict: expect.stringMatching(/does not return its keys$/),
      service: `no answer: ${nowhere}/auth/verify cannot be reached (ECONNREFUSED)`,
    });
  });

  it('does not accept status 200 of another server as a verdict', async () => {
    const page = createServer((_, response) => response.end('welcome')).listen(0, '127.0.0.1');
    await once(page, 'listening');
    const { port: at } = page.address() as AddressInfo;
    const answer = await explained(tokens.access_token, askedAt(`http://127.0.0.1:${at}`));
    page.close();
    expect(answer).toMatchObject({
      status: 69,
      accepted: null,
      service: expect.stringMatching(/^200, which/),
    });
  });
});
