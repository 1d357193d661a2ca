import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SERVICE_SCOPES } from '../../src/access/scopes.js';
import type { Answer } from '../support/client.js';
import { memberWithScopes, refusalFor, refusalOf, verdict, type Member } from '../support/administrators.js';
import { startServer, type TestServer } from '../support/server.js';
import { freshId } from '../support/tokens.js';

let server: TestServer;
let plain: Member;
let target: Member;
const withAllBut = new Map<string, Member>();

const ENDPOINTS = [
  ['POST', '/users', 'users:write'],
  ['PATCH', '/users/:id', 'users:write'],
  ['DELETE', '/users/:id', 'users:write'],
  ['GET', '/users/:id/sessions', 'sessions:read'],
  ['DELETE', '/users/:id/sessions', 'sessions:write'],
  ['DELETE', '/users/:id/sessions/:id', 'sessions:write'],
  ['GET', '/roles', 'roles:read'],
  ['PUT', '/roles/a-role', 'roles:write'],
  ['DELETE', '/roles/a-role', 'roles:write'],
  ['POST', '/revocations', 'revocations:write'],
  ['GET', '/revocations', 'revocations:read'],
  ['GET', '/revocations/stream', 'revocations:read'],
] as const;

beforeAll(async () => {
  server = await startServer();
  plain = await server.client.newcomer();
  target = await server.client.newcomer();
  for (const scope of new Set(ENDPOINTS.map(([, , one]) => one))) {
    withAllBut.set(
      scope,
      await memberWithScopes(server, ...SERVICE_SCOPES.filter((other) => other !== scope)),
    );
  }
});
afterAll(() => server.close());

/** A body that no endpoint takes: who may not ask is refused before it is looked at. */
const BODY = { unknown: true };

function ask(method: string, path: string, token?: string, json?: unknown): Promise<Answer> {
  return server.client.request(method, path.replaceAll(':id', target.id), {
    ...(token !== undefined && { token }),
    ...(json !== undefined && { json }),
  });
}

const bodyFor = (method: string) => (['POST', 'PUT', 'PATCH'].includes(method) ? BODY : undefined);

describe.each(ENDPOINTS)('%s %s', (method, path, scope) => {
  it('asks for a token', async () => {
    const answer = await ask(method, path, undefined, bodyFor(method));
    expect(verdict(answer)).toEqual([401, 'token_missing']);
    expect(answer.body['detail']).toBe('Not authenticated');
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  });

  it('does not take a token that nobody issued, or a refresh token', async () => {
    expect(verdict(await ask(method, path, 'not.a.token', bodyFor(method)))).toEqual([401, 'token_invalid']);
    const refresh = await ask(method, path, plain.refresh_token, bodyFor(method));
    expect(verdict(refresh)).toEqual([401, 'token_wrong_type']);
  });

  it(`is closed to somebody without scopes, and to one with every scope but ${scope}`, async () => {
    for (const member of [plain, withAllBut.get(scope) as Member]) {
      const answer = await ask(method, path, member.access_token, bodyFor(method));
      expect(refusalOf(answer)).toEqual(refusalFor(scope));
    }
    expect((await server.client.me(target.access_token)).status).toBe(200);
  });
});

describe('an unknown id and one that is none', () => {
  const ids = [freshId(), 'x', '%00', "'%20OR%201=1--", '019a0c5e7b1a7c3e9f000a1b2c3d4e5f', 'me'];

  it.each([
    ['GET', '/users/ID'],
    ['PATCH', '/users/ID'],
    ['DELETE', '/users/ID'],
    ['GET', '/users/ID/sessions'],
    ['DELETE', '/users/ID/sessions'],
    ['DELETE', '/users/ID/sessions/:sid'],
    ['DELETE', '/users/:id/sessions/ID'],
  ])('are the same bytes at %s %s', async (method, path) => {
    const admin = await memberWithScopes(server, ...SERVICE_SCOPES);
    const answers = new Set<string>();
    for (const id of ids) {
      // /users/me is a path of its own.
      if (id === 'me' && path === '/users/ID' && method !== 'POST') continue;
      const answer = await server.client.request(
        method,
        path.replace('ID', id).replace(':id', target.id).replace(':sid', freshId()),
        {
          token: admin.access_token,
          headers: { 'x-request-id': 'same' },
          ...(method === 'PATCH' && { json: {} }),
        },
      );
      expect(verdict(answer)).toEqual([404, 'not_found']);
      answers.add(answer.text);
    }
    expect(answers.size).toBe(1);
  });
});
