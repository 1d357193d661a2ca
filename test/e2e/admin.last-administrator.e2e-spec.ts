import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  administrator,
  newRole,
  verdict,
  type Member,
  disableAccount,
} from '../support/actors/administrators.js';
import type { Answer } from '../support/http/client.js';
import { startServer, type TestServer } from '../support/service/server.js';

let server: TestServer;

beforeAll(async () => {
  server = await startServer();
});
beforeEach(() => server.database.query(`DELETE FROM user_roles WHERE role = 'admin'`));
afterAll(() => server.close());

type Leave = (actor: Member, target: Member) => Promise<Answer>;

const LEAVES: Record<string, Leave> = {
  'loses the role': (by, { id }) => send(by, 'PATCH', `/users/${id}`, { roles: ['user'] }),
  'loses all roles': (by, { id }) => send(by, 'PATCH', `/users/${id}`, { roles: [] }),
  'is disabled': (by, { id }) => send(by, 'PATCH', `/users/${id}`, { status: 'disabled' }),
  'is deleted': (by, { id }) => send(by, 'DELETE', `/users/${id}`),
  'is disabled and keeps the role': (by, { id }) =>
    send(by, 'PATCH', `/users/${id}`, { roles: ['admin'], status: 'disabled' }),
};

function send(by: Member, method: string, path: string, json?: unknown): Promise<Answer> {
  return server.client.request(method, path, { token: by.access_token, ...(json !== undefined && { json }) });
}

async function activeAdministrators(): Promise<string[]> {
  const rows = await server.database.query<{ id: string }>(
    `SELECT u.id FROM users u JOIN user_roles r ON r.user_id = u.id WHERE r.role = 'admin' AND u.status = 'active'`,
  );
  return rows.map(({ id }) => id);
}

describe.each(Object.entries(LEAVES))('an administrator who %s', (_, leave) => {
  it('cannot be the last', async () => {
    const last = await administrator(server);
    expect(verdict(await leave(last, last))).toEqual([409, 'last_administrator']);
    expect((await server.client.me(last.access_token)).body).toMatchObject({ status: 'active' });
  });

  it('cannot be the last active one while the others are disabled', async () => {
    const [last, other] = [await administrator(server), await administrator(server)];
    expect((await send(last, 'PATCH', `/users/${other.id}`, { status: 'disabled' })).status).toBe(200);
    expect(verdict(await leave(last, last))).toEqual([409, 'last_administrator']);
  });

  it('may leave while another stays', async () => {
    const [first, second] = [await administrator(server), await administrator(server)];
    expect([200, 204]).toContain((await leave(second, first)).status);
    expect(await activeAdministrators()).toEqual([second.id]);
  });

  it.each(Object.entries(LEAVES))('and another who %s at the same moment: one stays', async (__, other) => {
    for (let round = 0; round < 2; round++) {
      await server.database.query(`DELETE FROM user_roles WHERE role = 'admin'`);
      const [first, second] = [await administrator(server), await administrator(server)];
      const answers = await Promise.all([leave(first, second), other(second, first)]);
      const codes = answers.map((answer) => verdict(answer));
      expect(await activeAdministrators()).toHaveLength(1);
      const refused = codes.filter(([status]) => status >= 400);
      expect(refused).toHaveLength(1);
      expect(['last_administrator', 'token_revoked', 'token_stale']).toContain(refused[0]?.[1]);
    }
  });
});

describe('the last administrator', () => {
  it('may change everything else', async () => {
    const last = await administrator(server);
    const role = await newRole(server);
    const json = { full_name: 'Root', roles: ['admin', role], status: 'active' };
    expect((await send(last, 'PATCH', `/users/${last.id}`, json)).status).toBe(200);
    expect(await activeAdministrators()).toEqual([last.id]);
  });

  it('is not disabled by an internal call either', async () => {
    const last = await administrator(server);
    await expect(disableAccount(server, last.id)).rejects.toMatchObject({
      code: 'last_administrator',
    });
  });

  it('stays when five administrators remove each other and themselves at once, for many rounds', async () => {
    for (let round = 0; round < 8; round++) {
      await server.database.query(`DELETE FROM user_roles WHERE role = 'admin'`);
      const ring = await Promise.all(Array.from({ length: 5 }, () => administrator(server)));
      const leaves = Object.values(LEAVES);
      const answers = await Promise.all(
        ring.flatMap((member, index) => [
          (leaves[(round + index) % leaves.length] as Leave)(member, ring[(index + 1) % 5] as Member),
          send(member, 'DELETE', '/users/me'),
        ]),
      );
      expect(answers.filter(({ status }) => status >= 500)).toEqual([]);
      expect(await activeAdministrators()).toHaveLength(1);
    }
  });
});
