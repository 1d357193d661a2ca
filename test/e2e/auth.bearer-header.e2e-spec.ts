import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { leakOf, refusal, refusalIn } from '../support/http/bearer.js';
import { RawClient } from '../support/http/raw-client.js';
import { startServer, type TestServer } from '../support/service/server.js';

let server: TestServer;
let client: RawClient;
let token: string;

beforeAll(async () => {
  server = await startServer();
  client = new RawClient(server.url);
  ({ access_token: token } = await server.client.newcomer());
});
afterAll(async () => {
  client.close();
  await server.close();
});

/** Puts the good token, which exists only when the tests run, in the place of each T. */
function filled(value: string): string {
  return value.replaceAll('T', token);
}

const PATHS = ['/auth/verify', '/users/me', '/auth/sessions', '/users', '/users?limit=1'];

const NOT_AUTHENTICATED = {
  status: 401,
  challenge: 'Bearer',
  contentType: 'application/problem+json; charset=utf-8',
  cacheControl: 'no-store',
  code: 'token_missing',
  detail: 'Not authenticated',
  members: ['code', 'detail', 'request_id', 'status', 'title', 'type'],
  idIsTheHeaders: true,
};

describe('a request without a credential is refused with the bare challenge', () => {
  it.each(PATHS)('at %s', async (path) => {
    expect(refusalIn(await client.get(path))).toEqual(NOT_AUTHENTICATED);
  });

  it.each([
    ['access_token', (value: string) => `?access_token=${value}`],
    ['token', (value: string) => `?token=${value}`],
    ['authorization', (value: string) => `?authorization=Bearer%20${value}`],
    ['auth_token', (value: string) => `?auth_token=${value}&jwt=${value}&bearer=${value}`],
  ])('even with a good token in the query as %s', async (_name, query) => {
    const answer = await client.get(`/users/me${query(token)}`);
    expect(refusalIn(answer)).toEqual(NOT_AUTHENTICATED);
    expect(leakOf(token, answer)).toBeUndefined();
  });

  it.each([
    ['cookie', 'access_token=T; token=T; jwt=T; Authorization=Bearer T'],
    ['x-authorization', 'Bearer T'],
    ['x-access-token', 'T'],
    ['x-auth-token', 'T'],
    ['proxy-authorization', 'Bearer T'],
    ['x-forwarded-authorization', 'Bearer T'],
    ['authentication', 'Bearer T'],
    ['access_token', 'T'],
  ])('even with a good token in the header %s', async (name, value) => {
    expect(refusalIn(await client.get('/users/me', [name, filled(value)]))).toEqual(NOT_AUTHENTICATED);
  });
});

describe('the scheme is accepted in any case and before any number of blanks:', () => {
  it.each(['Bearer T', 'bearer T', 'BEARER T', 'bEaReR T', 'Bearer   T', '  Bearer T  ', '\tBearer T\t'])(
    '%j',
    async (value) => {
      expect((await client.get('/auth/verify', ['Authorization', filled(value)])).status).toBe(200);
    },
  );

  it.each(['Authorization', 'authorization', 'AUTHORIZATION'])('under the name %s', async (name) => {
    expect((await client.get('/auth/verify', [name, `Bearer ${token}`])).status).toBe(200);
  });

  it('with a token in the query beside it', async () => {
    const answer = await client.get('/users/me?access_token=x', ['authorization', `Bearer ${token}`]);
    expect(answer.status).toBe(200);
  });
});

const EMPTY = /header is empty/;
const NO_TOKEN = /holds no token/;
const TWICE = /says Bearer twice/;
const MORE = /more than one token/;
const NO_SCHEME = /has no scheme/;
const OTHER = /scheme other than Bearer/;

const MALFORMED: ReadonlyArray<readonly [value: string, hint: RegExp]> = [
  ['', EMPTY],
  [' ', EMPTY],
  ['\t', EMPTY],
  ['Bearer', NO_TOKEN],
  ['bearer', NO_TOKEN],
  ['Bearer ', NO_TOKEN],
  ['Bearer    ', NO_TOKEN],
  ['T', NO_SCHEME],
  ['BearerT', NO_SCHEME],
  ['Bearer:T', NO_SCHEME],
  ['Bearer=T', NO_SCHEME],
  ['Bearer,T', NO_SCHEME],
  ['"BearerT"', NO_SCHEME],
  ['Bearer Bearer', TWICE],
  ['Bearer Bearer T', TWICE],
  ['bearer BEARER T', TWICE],
  ['Bearer Bearer Bearer T', TWICE],
  ['Bearer T T', MORE],
  ['Bearer T x', MORE],
  ['Bearer T, Bearer T', MORE],
  ['Bearer T ,', MORE],
  ['Bearer\u00a0T', NO_SCHEME],
  ['Basic T', OTHER],
  ['Basic dXNlcjpwYXNzd29yZA==', OTHER],
  ['JWT T', OTHER],
  ['Token T', OTHER],
  ['Digest T', OTHER],
  ['DPoP T', OTHER],
  ['Negotiate T', OTHER],
  ['OAuth T', OTHER],
  ['Bearer: T', OTHER],
  ['Bearer, T', OTHER],
  ['Beare T', OTHER],
  ['Bearers T', OTHER],
  ['"Bearer" T', OTHER],
  ['Authorization: Bearer T', OTHER],
  ['Basic T, Bearer T', OTHER],
];

describe('a header other than Bearer and one token is refused with a hint that does not repeat the token:', () => {
  it.each(MALFORMED)('%j', async (value, hint) => {
    const answer = await client.get('/auth/verify', ['authorization', filled(value)]);
    const found = refusalIn(answer);
    expect(found).toEqual(refusal('authorization_malformed', String(found.detail)));
    expect(found.detail).toMatch(hint);
    expect(leakOf(token, answer)).toBeUndefined();
    expect(answer.text).not.toContain('dXNlcjpwYXNzd29yZA');
  });

  it('where a tab separates scheme and token, because RFC 9110 requires blanks', async () => {
    const answer = await client.get('/auth/verify', ['authorization', `Bearer\t${token}`]);
    const found = refusalIn(answer);
    expect(found).toEqual(refusal('authorization_malformed', String(found.detail)));
    expect(leakOf(token, answer)).toBeUndefined();
  });

  it.each([
    ['a blank beyond ASCII after the token', 'Bearer T\u00a0'],
    ['a blank beyond ASCII before the scheme', '\u00a0Bearer T'],
  ])('with %s', async (_what, value) => {
    const answer = await client.get('/auth/verify', ['authorization', filled(value)]);
    expect(answer.status).toBe(401);
    expect(leakOf(token, answer)).toBeUndefined();
  });
});

describe('two Authorization headers are refused with invalid_request (RFC 6750 section 3.1):', () => {
  const DETAIL = 'The request has more than one Authorization header';

  it.each([
    ['the same token twice', ['Bearer T', 'Bearer T']],
    ['a good token first', ['Bearer T', 'Bearer x']],
    ['a good token last', ['Bearer x', 'Bearer T']],
    ['another scheme first', ['Basic dXNlcjpwYXNzd29yZA==', 'Bearer T']],
    ['another scheme last', ['Bearer T', 'Basic dXNlcjpwYXNzd29yZA==']],
    ['an empty one first', ['', 'Bearer T']],
    ['an empty one last', ['Bearer T', '']],
    ['three', ['Bearer T', 'Bearer T', 'Bearer T']],
  ])('%s', async (_what, values) => {
    const names = ['authorization', 'Authorization', 'AUTHORIZATION'];
    const fields = values.flatMap((value, at) => [names[at] ?? 'authorization', filled(value)]);
    const answer = await client.get('/auth/verify', fields);
    expect(refusalIn(answer)).toEqual({
      ...refusal('authorization_malformed', DETAIL),
      status: 400,
      challenge: `Bearer error="invalid_request", error_description="${DETAIL}"`,
    });
    expect(leakOf(token, answer)).toBeUndefined();
  });
});
