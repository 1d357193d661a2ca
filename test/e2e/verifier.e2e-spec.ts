import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import type { Verifier } from '@latchkey/verifier';
import { administrator, newRole, type Member } from '../support/actors/administrators.js';
import { refusal, refusalIn } from '../support/http/bearer.js';
import { newClient, clientToken } from '../support/actors/clients.js';
import { CLAIM_FORGERIES } from '../support/tokens/forgeries/claims.js';
import { VALID_TOKENS } from '../support/tokens/forgeries/good.js';
import { HEADER_FORGERIES } from '../support/tokens/forgeries/headers.js';
import { JSON_FORGERIES } from '../support/tokens/forgeries/json.js';
import { kitOf, type Kit } from '../support/tokens/forgeries/kit.js';
import { PART_FORGERIES } from '../support/tokens/forgeries/parts.js';
import { SIGNATURE_FORGERIES } from '../support/tokens/forgeries/signatures.js';
import {
  guardedByExpress,
  guardedByFastify,
  guardedByNest,
  listening,
  type Guarded,
} from '../support/tokens/guarded.js';
import { eventually } from '../support/service/process.js';
import { RawClient, type RawAnswer } from '../support/http/raw-client.js';
import { startServer, type TestServer } from '../support/service/server.js';
import { decode, reminted } from '../support/tokens/tokens.js';
import { createVerifier, verdictOf } from '../support/service/verifier.js';

const EFFECTIVE_WITHIN_MS = 1000;

let server: TestServer;
let admin: Member;
let verifier: Verifier;
let guarded: ReadonlyMap<string, Guarded>;
const clients = new Map<string, RawClient>();
const errors: unknown[] = [];

function verifierOf(change: object = {}): Verifier {
  return createVerifier({
    issuer: server.config.tokens.issuer,
    url: server.url,
    audience: 'latchkey',
    secretKey: server.secret,
    feed: { token: () => admin.access_token },
    maxStalenessSeconds: 60,
    onError: (error) => errors.push(error),
    ...change,
  });
}

beforeAll(async () => {
  server = await startServer({ env: { JWT_ALGORITHM: 'HS256' } });
  admin = await administrator(server);
  const feed = await newClient(server, admin, { scopes: ['revocations:read'] });
  verifier = verifierOf({ feed: { clientId: feed.client_id, clientSecret: feed.client_secret } });
  expect(await verifier.start()).toBe(true);
  guarded = new Map([
    ['Express', await guardedByExpress(verifier)],
    ['Fastify', await guardedByFastify(verifier)],
    ['Nest', await guardedByNest(verifier)],
  ]);
  for (const [name, { url }] of guarded) clients.set(name, new RawClient(url));
  clients.set('Latchkey', new RawClient(server.url));
});
afterAll(async () => {
  for (const client of clients.values()) client.close();
  await Promise.all([...guarded.values()].map((one) => one.close()));
  await verifier.close();
  await server.close();
});

/** The answer of Latchkey itself, or of a service with the verifier, to a request with these header fields. */
async function answerOf(name: string, fields: readonly string[], isNarrow = false): Promise<RawAnswer> {
  const path =
    name === 'Latchkey' ? `/auth/verify${isNarrow ? '?scope=tasks:delete' : ''}` : isNarrow ? '/narrow' : '/';
  return (clients.get(name) as RawClient).get(path, fields);
}

const bearer = (token: string): string[] => ['authorization', `Bearer ${token}`];

async function passOn(path: string, authorization: string, response: ServerResponse): Promise<void> {
  const answer = await fetch(server.url + path, { headers: { authorization } });
  const body = Buffer.from(await answer.arrayBuffer());
  response.writeHead(answer.status, { etag: answer.headers.get('etag') ?? '' }).end(body);
}

const verdictOn = (token: string) => verdictOf(verifier, token);

/** Expects verifier and Latchkey to refuse the token with this code within a second. */
async function expectRefused(token: string, code: string): Promise<void> {
  const milliseconds = await eventually(EFFECTIVE_WITHIN_MS, async () => (await verdictOn(token)) === code);
  expect(milliseconds).toBeLessThan(EFFECTIVE_WITHIN_MS);
  const { text } = await answerOf('Latchkey', bearer(token));
  expect((JSON.parse(text) as Record<string, unknown>)['code']).toBe(code);
}

describe('a service with the verifier answers as Latchkey does', () => {
  let kit: Kit;

  beforeAll(async () => {
    const { access_token: access, refresh_token: refresh } = await server.client.newcomer();
    const now = Math.floor(server.clock.now() / 1000);
    kit = kitOf({ secret: server.secret, access, refresh, now, attackerUrl: 'http://127.0.0.1:9' });
  });

  it.each([
    ['header', HEADER_FORGERIES],
    ['signature', SIGNATURE_FORGERIES],
    ['parts', PART_FORGERIES],
    ['JSON', JSON_FORGERIES],
    ['claims', CLAIM_FORGERIES],
  ])('to every token that is forged in its %s', async (_, forgeries) => {
    // Only Latchkey has the key of its refresh tokens, so only Latchkey can tell their kind.
    const { kid } = decode(kit.refresh).header;
    const answers = forgeries.map(async ({ name, token: forged }) => {
      const token = forged({ ...kit, now: Math.floor(server.clock.now() / 1000) });
      const fields = bearer(token);
      const [theirs, ours] = await Promise.all([answerOf('Latchkey', fields), answerOf('Express', fields)]);
      const isRefresh = refusalIn(theirs).code === 'token_wrong_type' && decode(token).header['kid'] === kid;
      return {
        name,
        theirs: isRefresh ? refusal('token_invalid') : refusalIn(theirs),
        ours: refusalIn(ours),
      };
    });

    const differing = (await Promise.all(answers)).filter(
      ({ theirs, ours }) => JSON.stringify(theirs) !== JSON.stringify(ours) || ours.code === undefined,
    );
    expect(differing).toEqual([]);
  });

  it.each(Object.entries(VALID_TOKENS))('to a valid token %s', async (_, token) => {
    const fields = bearer(token({ ...kit, now: Math.floor(server.clock.now() / 1000) }));
    for (const name of guarded.keys()) {
      const { status, text } = await answerOf(name, fields);
      expect([name, status, text]).toEqual([name, 200, kit.claims['sub']]);
    }
  });

  it.each([
    ['missing', []],
    ['empty', ['authorization', '']],
    ['another scheme', ['authorization', 'Basic YTpi']],
    ['no scheme', ['authorization', 'abc']],
    ['no token', ['authorization', 'Bearer']],
    ['the scheme twice', ['authorization', 'Bearer Bearer abc']],
    ['two tokens', ['authorization', 'Bearer a b']],
    ['repeated', [...bearer('a'), ...bearer('a')]],
    ['a malformed token', bearer('not.a.token')],
    ['a known request id', [...bearer('a'), 'x-request-id', 'known-1']],
    ['a malformed request id', [...bearer('a'), 'x-request-id', 'a b']],
  ])('byte for byte where the Authorization header is or has %s', async (_, fields) => {
    const theirs = refusalIn(await answerOf('Latchkey', fields));
    expect(theirs.code).toBeDefined();
    for (const name of guarded.keys()) {
      const answer = await answerOf(name, fields);
      expect([name, refusalIn(answer)]).toEqual([name, theirs]);
      const { type, title } = JSON.parse(answer.text) as Record<string, unknown>;
      expect(type).toBe(`${server.config.tokens.issuer}/docs/errors#${String(theirs.code)}`);
      expect(title).toEqual(expect.any(String));
    }
  });

  it('byte for byte where a scope is missing, and accepts tokens that have it', async () => {
    const theirs = refusalIn(await answerOf('Latchkey', bearer(kit.access), true));
    expect([theirs.status, theirs.challenge]).toEqual([
      403,
      'Bearer error="insufficient_scope", scope="tasks:delete"',
    ]);
    const holder = reminted(kit.access, server.secret, { scope: 'tasks:delete' });
    for (const name of guarded.keys()) {
      expect([name, refusalIn(await answerOf(name, bearer(kit.access), true))]).toEqual([name, theirs]);
      expect((await answerOf(name, bearer(holder), true)).status).toBe(200);
    }
  });

  it.each(['narrow', 'both'])(
    'where a handler requires scopes and its class is public: /%s',
    async (path) => {
      const nest = clients.get('Nest') as RawClient;
      expect((await nest.get(`/opened/${path}`)).status).toBe(401);
      expect((await nest.get(`/opened/${path}`, bearer(kit.access))).status).toBe(403);
      const holder = reminted(kit.access, server.secret, { scope: 'tasks:delete' });
      expect((await nest.get(`/opened/${path}`, bearer(holder))).status).toBe(200);
      expect((await nest.get('/opened/public')).text).toBe('public');
    },
  );

  it('except on a public route', async () => {
    const { text } = await (clients.get('Nest') as RawClient).get('/public');
    expect(text).toBe('public');
  });
});

describe('a revocation takes effect at the verifier within a second:', () => {
  it('of a session', async () => {
    const { access_token: token } = await server.client.newcomer();
    expect(await verdictOn(token)).toBe('accepted');
    await server.client.post('/auth/logout', { token });
    await expectRefused(token, 'token_revoked');
  });

  it('of a user, whose next login is accepted', async () => {
    const person = await server.client.newcomer();
    await server.client.post('/auth/logout-all', { token: person.access_token });
    await expectRefused(person.access_token, 'token_revoked');
    expect(await verdictOn((await server.client.login(person)).access_token)).toBe('accepted');
  });

  it('of stale permissions, after which a refreshed token is accepted', async () => {
    const person = await server.client.newcomer();
    const roles = ['user', await newRole(server, 'tasks:delete')];
    await server.client.request('PATCH', `/users/${person.id}`, {
      token: admin.access_token,
      json: { roles },
    });
    await expectRefused(person.access_token, 'token_stale');
    const { body } = await server.client.refresh(person.refresh_token);
    await expect(verifier.verify(body.access_token, { scopes: ['tasks:delete'] })).resolves.toMatchObject({
      kind: 'user',
      subject: person.id,
    });
  });

  it('of a client', async () => {
    const client = await newClient(server, admin, { scopes: ['tasks:read'] });
    const token = await clientToken(server, client);
    await expect(verifier.verify(token)).resolves.toMatchObject({
      kind: 'client',
      subject: client.client_id,
    });
    await server.client.request('DELETE', `/clients/${client.client_id}`, { token: admin.access_token });
    await expectRefused(token, 'token_revoked');
  });

  it.each(['key', 'all'])('of the kind %s', async (kind) => {
    const { access_token: token } = await server.client.newcomer();
    const kid = server.client.get<Array<{ kid: string }>>('/keys', { token: admin.access_token });
    const subject = kind === 'all' ? '*' : ((await kid).body[0]?.kid ?? '');
    const json = { kind, subject };
    const answer = await server.client.post('/revocations', { token: admin.access_token, json });
    expect(answer.status).toBe(201);
    await expectRefused(token, 'token_revoked');
    admin = await administrator(server);
    const later = await server.client.newcomer();
    expect(await verdictOn(later.access_token)).toBe('accepted');
  });

  it('also by polling where the stream is unavailable', async () => {
    const hidden = await listening((request, response) => {
      const path = request.url ?? '';
      if (path === '/revocations/stream') return void response.writeHead(404).end();
      const { authorization = '' } = request.headers;
      void passOn(path, authorization, response);
    });
    const polling = verifierOf({ url: hidden.url });
    try {
      expect(await polling.start()).toBe(true);
      const { access_token: token } = await server.client.newcomer();
      await polling.verify(token);
      await server.client.post('/auth/logout', { token });
      const isRefused = () =>
        polling.verify(token).then(
          () => false,
          () => true,
        );
      await eventually(2 * EFFECTIVE_WITHIN_MS, isRefused);
    } finally {
      await polling.close();
      await hidden.close();
    }
  });
});

describe('a verifier without access to the feed', () => {
  it('refuses valid tokens with 503 and Retry-After, and invalid ones with 401', async () => {
    const verifierWithoutFeed = verifierOf({ feed: { token: () => 'no-token' } });
    try {
      verifierWithoutFeed.start().catch(() => undefined);
      const unavailable = { code: 'unavailable', status: 503, headers: { 'retry-after': '5' } };
      const { access_token: token } = await server.client.newcomer();
      await expect(verifierWithoutFeed.verify(token)).rejects.toMatchObject(unavailable);
      await expect(verifierWithoutFeed.verify(`${token}x`)).rejects.toMatchObject({
        code: 'token_invalid',
      });
    } finally {
      await verifierWithoutFeed.close();
    }
  });

  it.each([
    ['maxStalenessSeconds', { maxStalenessSeconds: 9 }],
    ['maxStalenessSeconds', { maxStalenessSeconds: Number.NaN }],
    ['leewaySeconds', { leewaySeconds: 61 }],
    ['secretKey', { secretKey: '' }],
    ['issuer', { issuer: '' }],
    ['audience', { audience: [] }],
  ])('is not created with an invalid %s: %j', (name, change) => {
    expect(() => verifierOf(change)).toThrow(name);
  });

  it('reports no errors but 401 and 404 answers', () => {
    expect(errors.map(String).filter((text) => !/answered (?:401|404)$/.test(text))).toEqual([]);
  });
});
