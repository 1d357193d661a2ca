import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { disableAccount } from '../support/actors/administrators.js';
import { FirstAdministrator } from '../support/service/built.js';
import type { Answer, Request } from '../support/http/client.js';
import { startServer, type TestServer } from '../support/service/server.js';

const KIB = 1024;
const PASSWORD = 'correct horse battery staple';
const ADMIN = { email: 'root@example.com', password: 'a password of the tests' };

let server: TestServer;
let admin: string;

beforeAll(async () => {
  server = await startServer();
  await server.app.get(FirstAdministrator).ensure(ADMIN);
  admin = (await server.client.loginForService({ username: ADMIN.email, password: ADMIN.password }))
    .access_token;
});
afterAll(() => server.close());

/** An answer without its date: two equal results look the same to a client. */
function bytes({ status, headers, text }: Answer): unknown {
  // The rate limit's headers change with each request, whatever its outcome.
  const { date: _, ratelimit: __, ...rest } = Object.fromEntries(headers);
  return { status, headers: rest, text };
}

async function refusal(method: string, path: string, request: Request): Promise<unknown> {
  const { status, body, headers } = await server.client.request(method, path, request);
  expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
  expect(body['request_id']).toBe(headers.get('x-request-id'));
  expect(body['status']).toBe(status);
  expect(body['type']).toBe(`/docs/errors#${String(body['code'])}`);
  return [status, body['code']];
}

async function fieldsRefused(json: object): Promise<unknown> {
  const { status, body } = await server.client.post('/auth/register', { json });
  expect([status, body['code']]).toEqual([422, 'validation_failed']);
  return (body['errors'] as Array<{ field: string; code: string }>).map(({ field, code }) => [field, code]);
}

describe('a body that is no JSON object', () => {
  const bodies = ['', '{', '{"a":1,}', 'null', '1', '"text"', '[]', '[{}]', 'NaN', '{"a":\u0000}', '\u00ff'];
  it.each(bodies)('is malformed_request: %j', async (body) => {
    const headers = { 'content-type': 'application/json' };
    for (const path of ['/auth/login', '/auth/register', '/auth/refresh']) {
      expect(await refusal('POST', path, { body, headers })).toEqual([400, 'malformed_request']);
    }
  });
});

describe('an unacceptable field is reported by name as validation_failed', () => {
  const good = { email: 'new@example.com', password: PASSWORD };
  it.each<[string, object, [string, string]]>([
    ['missing', { password: PASSWORD }, ['email', 'required']],
    ['null', { ...good, email: null }, ['email', 'wrong_type']],
    ['a number', { ...good, password: 12_345_678 }, ['password', 'wrong_type']],
    ['a list', { ...good, full_name: ['Ada'] }, ['full_name', 'wrong_type']],
    ['an object', { ...good, username: { $ne: 'x' } }, ['username', 'wrong_type']],
    ['a boolean', { ...good, username: true }, ['username', 'wrong_type']],
    ['empty', { ...good, password: '' }, ['password', 'too_short']],
    ['too short', { ...good, username: 'ab' }, ['username', 'too_short']],
    ['too short for a password', { ...good, password: 'seven77' }, ['password', 'too_short']],
    ['too long', { ...good, full_name: 'x'.repeat(201) }, ['full_name', 'too_long']],
    ['too long for an address', { ...good, email: `${'x'.repeat(250)}@example.com` }, ['email', 'too_long']],
    ['too long for a password', { ...good, password: 'xy'.repeat(513) }, ['password', 'too_long']],
    ['no address', { ...good, email: 'ada at example.com' }, ['email', 'invalid_format']],
    ['an address as user name', { ...good, username: 'ada@example.com' }, ['username', 'invalid_format']],
    ['NUL', { ...good, full_name: 'A\u0000da' }, ['full_name', 'control_character']],
    ['a line feed', { ...good, password: `${PASSWORD}\n` }, ['password', 'control_character']],
    ['a lone surrogate', { ...good, full_name: 'Ada\ud800' }, ['full_name', 'control_character']],
    ['of everyone', { ...good, password: 'Password1' }, ['password', 'too_common']],
    ['the address', { ...good, password: 'NEW@example.com' }, ['password', 'contains_identity']],
    ['unknown', { ...good, roles: ['admin'] }, ['roles', 'unknown_field']],
  ])('%s', async (_, json, expected) => {
    expect(await fieldsRefused(json)).toEqual([expected]);
  });

  it.each([
    ['constructor', 422, 'unknown_field'],
    ['toString', 422, 'unknown_field'],
    // The parser itself refuses this one.
    ['__proto__', 400, 'malformed_request'],
  ])('a name of every object: %s', async (key, status, code) => {
    const body = `{"username":"ada","password":"x","${key}":{"admin":true}}`;
    const answer = await server.client.post('/auth/login', {
      body,
      headers: { 'content-type': 'application/json' },
    });
    expect([answer.status, answer.text]).toEqual([status, expect.stringContaining(`"${code}"`)]);
  });

  it('all faults at once, and never the value', async () => {
    const { body, text } = await server.client.post('/auth/register', {
      json: { email: 'SECRET-1', full_name: 'SECRET-2\n', username: 'SECRET-3 x', x: 'SECRET-4' },
    });
    expect(body['errors']).toHaveLength(5);
    expect(text).not.toContain('SECRET-');
  });

  it('in the query too, also when a parameter is given twice', async () => {
    for (const query of ['limit=0', 'limit=1&limit=2', 'offset=x', 'after=me']) {
      const answer = await refusal('GET', `/auth/sessions?${query}`, { token: admin });
      expect(answer).toEqual([422, 'validation_failed']);
    }
  });
});

describe('a body of another content type', () => {
  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/xml', 'application/jsonp', ''])(
    'is unsupported_media_type where JSON is taken: %j',
    async (type) => {
      const answer = await refusal('POST', '/auth/login', { body: '{}', headers: { 'content-type': type } });
      expect(answer).toEqual([415, 'unsupported_media_type']);
    },
  );

  it('is refused by routes that accept forms', async () => {
    const { status, body } = await server.client.post('/oauth/token', { json: { grant_type: 'password' } });
    expect([status, body['error']]).toEqual([415, 'invalid_request']);
  });

  it('may have parameters and any case in its content type', async () => {
    const headers = { 'content-type': 'Application/JSON ; charset=UTF-8' };
    expect(await refusal('POST', '/auth/login', { body: '{}', headers })).toEqual([422, 'validation_failed']);
  });
});

describe('a body over 64 KiB', () => {
  const sized = (size: number) => ({
    body: `{"a":"${'x'.repeat(size - 8)}"}`,
    headers: { 'content-type': 'application/json' },
  });
  it('is payload_too_large from the first byte too many', async () => {
    expect(await refusal('POST', '/auth/login', sized(64 * KIB))).toEqual([422, 'validation_failed']);
    expect(await refusal('POST', '/auth/login', sized(64 * KIB + 1))).toEqual([413, 'payload_too_large']);
    expect(await refusal('POST', '/auth/login', sized(1024 * KIB))).toEqual([413, 'payload_too_large']);
  });
});

describe('wrong credentials', () => {
  const headers = { 'x-request-id': 'one-for-all' };
  it('are refused with the same bytes for an unknown user and a wrong password', async () => {
    const { username, email } = await server.client.register();
    const answers = [];
    for (const name of [username, email, 'nobody', 'nobody@example.com', '\u200d', "' OR 1=1 --"]) {
      answers.push(
        await server.client.post('/auth/login', { headers, json: { username: name, password: 'x' } }),
      );
    }
    expect(new Set(answers.map((answer) => JSON.stringify(bytes(answer)))).size).toBe(1);
    expect(answers[0]).toMatchObject({
      status: 401,
      body: { code: 'invalid_credentials', detail: 'Incorrect username or password' },
    });
    const forms = [];
    for (const name of [username, 'nobody']) {
      forms.push(
        await server.client.post('/oauth/token', { headers, form: { username: name, password: 'x' } }),
      );
    }
    expect(bytes(forms[0] as Answer)).toEqual(bytes(forms[1] as Answer));
    expect(forms[0]).toMatchObject({ status: 401, body: { error: 'invalid_grant' } });
  });

  it('reveal a disabled account only with the correct password', async () => {
    const { id, username, password } = await server.client.register();
    await disableAccount(server, id);
    const right = { json: { username, password } };
    expect(await refusal('POST', '/auth/login', right)).toEqual([403, 'account_disabled']);
    const wrong = await server.client.post('/auth/login', { headers, json: { username, password: 'x' } });
    const unknown = await server.client.post('/auth/login', {
      headers,
      json: { username: 'nobody', password: 'x' },
    });
    expect(bytes(wrong)).toEqual(bytes(unknown));
  });
});

describe('a missing resource', () => {
  it('is not_found with the same bytes for an unknown path, an unknown user and a malformed id', async () => {
    const headers = { 'x-request-id': 'one-for-all' };
    const ids = [randomUUID(), 'nobody', '%00', "'%20OR%201=1", 'x'.repeat(99)];
    const answers = [await server.client.get('/nothing', { headers })];
    for (const id of ids) answers.push(await server.client.get(`/users/${id}`, { headers, token: admin }));
    expect(answers.map(bytes)).toEqual(answers.map(() => bytes(answers[0] as Answer)));
    expect(answers[0]).toMatchObject({ status: 404, body: { code: 'not_found' } });
  });

  it('looks the same as a session of another user', async () => {
    const [mine, theirs] = [await server.client.newcomer(), await server.client.newcomer()];
    const sessions = await server.client.get<Array<{ id: string }>>('/auth/sessions', {
      token: theirs.access_token,
    });
    const answers: unknown[] = [];
    for (const id of [sessions.body[0]?.id, randomUUID(), 'x']) {
      const request = { token: mine.access_token, headers: { 'x-request-id': 'one-for-all' } };
      answers.push(bytes(await server.client.request('DELETE', `/auth/sessions/${id}`, request)));
    }
    expect(answers).toEqual(answers.map(() => answers[0]));
    expect((await server.client.me(theirs.access_token)).status).toBe(200);
  });

  it.each([
    ['PUT', '/users/me', 'DELETE, GET, HEAD, PATCH'],
    ['DELETE', '/users', 'GET, HEAD, POST'],
    ['GET', '/auth/login', 'POST'],
    ['POST', `/users/${randomUUID()}`, 'DELETE, GET, HEAD, PATCH'],
    ['GET', `/auth/sessions/${randomUUID()}`, 'DELETE'],
    ['POST', '/health/live', 'GET, HEAD'],
  ])('is method_not_allowed with Allow on a known path: %s %s', async (method, path, allow) => {
    expect(await refusal(method, path, {})).toEqual([405, 'method_not_allowed']);
    expect((await server.client.request(method, path)).headers.get('allow')).toBe(allow);
  });
});

describe('a name that is taken', () => {
  const register = (json: object) =>
    refusal('POST', '/auth/register', { json: { password: PASSWORD, ...json } });
  const taken = { email: 'Kim.fine@example.com', username: 'Kimfine' };
  beforeAll(async () => {
    await server.client.post('/auth/register', { json: { password: PASSWORD, ...taken } });
  });

  // In turn: case, a ligature and full-width letters, the Kelvin sign.
  it.each([
    'KIM.FINE@EXAMPLE.COM',
    'kim.\ufb01ne@example.com',
    '\uff4bim.fine@example.com',
    '\u212aim.fine@example.com',
  ])('is email_taken: %s', async (email) => expect(await register({ email })).toEqual([409, 'email_taken']));

  it.each(['KIMFINE', 'kim\ufb01ne', '\uff2bimfine', '\u212aimfine'])(
    'is username_taken: %s',
    async (username) => {
      const email = `${randomUUID()}@example.com`;
      expect(await register({ email, username })).toEqual([409, 'username_taken']);
    },
  );

  it('is refused in a change of the profile too', async () => {
    const { access_token: token } = await server.client.newcomer();
    const change = (json: object) => refusal('PATCH', '/users/me', { token, json });
    expect(await change({ email: taken.email.toUpperCase() })).toEqual([409, 'email_taken']);
    expect(await change({ username: taken.username.toLowerCase() })).toEqual([409, 'username_taken']);
  });

  it('goes to exactly one of twenty concurrent registrations, in each round', async () => {
    for (let round = 0; round < 5; round++) {
      const email = (upper: boolean) => `${upper ? 'RACE' : 'race'}${round}@example.com`;
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          server.client.post('/auth/register', {
            json: { email: email(index % 2 === 0), password: PASSWORD },
          }),
        ),
      );
      const outcomes = answers.map(({ status, body }) => JSON.stringify([status, body['code']]));
      expect(outcomes.sort()).toEqual([
        '[201,null]',
        ...Array.from({ length: 19 }, () => '[409,"email_taken"]'),
      ]);
    }
  });
});
