import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SERVICE_SCOPES } from '../../src/access/scopes.js';
import { memberWithScopes, verdict, type Member } from '../support/actors/administrators.js';
import { startServer, type TestServer } from '../support/service/server.js';
import { freshId } from '../support/tokens/tokens.js';

let server: TestServer;
let target: Member;

beforeAll(async () => {
  server = await startServer();
  target = await server.client.newcomer();
});
afterAll(() => server.close());

describe('an unknown id and a malformed one', () => {
  const ids = [freshId(), 'x', '%00', "'%20OR%201=1--", '019a0c5e7b1a7c3e9f000a1b2c3d4e5f', 'me'];

  it.each([
    ['GET', '/users/ID'],
    ['PATCH', '/users/ID'],
    ['DELETE', '/users/ID'],
    ['GET', '/users/ID/sessions'],
    ['DELETE', '/users/ID/sessions'],
    ['DELETE', '/users/ID/sessions/:sid'],
    ['DELETE', '/users/:id/sessions/ID'],
    ['POST', '/clients/ID/secret'],
    ['DELETE', '/clients/ID'],
  ])('are the same bytes at %s %s', async (method, path) => {
    const admin = await memberWithScopes(server, ...SERVICE_SCOPES);
    const answers = new Set<string>();
    for (const id of ids) {
      // /users/me is a path of its own.
      if (id === 'me' && path === '/users/ID') continue;
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
