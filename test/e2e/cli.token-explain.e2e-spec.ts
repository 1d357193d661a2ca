import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { secretSigningKey } from '../../src/keys/signing-key.js';
import { CLI } from '../support/cli.js';
import { newSecret } from '../support/server.js';
import { freshId, mint } from '../support/tokens.js';

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
      'for somebody else',
      { aud: 'another' },
      1,
      /token_wrong_audience, wrong audience {"expected":\["latchkey"\],"received":\["another"\]}/,
    ],
    [
      'with a time in milliseconds',
      { exp: Date.now() },
      1,
      /token_invalid, claim exp missing or of a wrong type/,
    ],
  ])('says of a token %s why it would be refused, by words and exit status', (_, change, status, verdict) => {
    const explained = run(['token', 'explain', '-'], {}, `Bearer ${tokenOf(change)}\n`);
    expect(explained.stdout).toMatch(verdict);
    expect(explained.status).toBe(status);
  });

  it('says of a foreign key, and of what is no token, just that', () => {
    const foreign = run(['token', 'explain', tokenOf({}, kid, newSecret())]);
    expect([foreign.status, foreign.stdout]).toEqual([
      1,
      expect.stringContaining('signature does not verify'),
    ]);
    const garbage = run(['token', 'explain', 'a.b']);
    expect([garbage.status, garbage.stdout]).toEqual([1, 'Not a token of this service: not three parts.\n']);
  });

  it('answers JSON where it is asked to', () => {
    const { stdout } = run(['token', 'explain', tokenOf({}), '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ accepted: true, header: { kid }, claims: { type: 'access' } });
  });

  it('makes no secret where there is none, and judges nothing then', () => {
    const { status, stdout } = run(['token', 'explain', tokenOf({})], { SECRET_KEY: '' });
    expect([status, stdout]).toEqual([1, expect.stringContaining('cannot be judged')]);
    expect(existsSync(join(folder, '.env.local'))).toBe(false);
  });

  it('says how it is used where the words are off', () => {
    for (const args of [[], ['token'], ['nonsense'], ['token', 'explain']]) expect(run(args).status).toBe(2);
    expect(run(['--help'])).toMatchObject({ status: 0, stdout: expect.stringContaining('token explain') });
  });
});
