import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FirstAdministrator } from '../support/service/built.js';
import { startServer, type TestServer } from '../support/service/server.js';
import { freshId, reminted } from '../support/tokens/tokens.js';

let server: TestServer;

beforeAll(async () => {
  server = await startServer({ env: { JWT_ALGORITHM: 'HS256' } });
});
afterAll(() => server.close());

function change(token: string, json: unknown) {
  return server.client.request('PATCH', '/users/me', { token, json });
}

describe('my profile', () => {
  it('changes the fields of the body and nothing else', async () => {
    const person = await server.client.newcomer();
    await server.move(5);
    const { status, body } = await change(person.access_token, { full_name: 'Grace Hopper' });
    expect(status).toBe(200);
    expect(body).toMatchObject({ id: person.id, email: person.email, full_name: 'Grace Hopper' });
    expect(Date.parse(String(body['updated_at']))).toBeGreaterThan(Date.parse(String(body['created_at'])));
    expect((await server.client.me(person.access_token)).body).toEqual(body);
  });

  it('is not written, and leaves no event, if the body changes nothing', async () => {
    const person = await server.client.newcomer();
    const before = (await server.client.me(person.access_token)).body;
    const { email, username, full_name: fullName } = before;
    await server.move(5);
    for (const json of [{}, { email }, { email, username, full_name: fullName }]) {
      expect((await change(person.access_token, json)).body).toEqual(before);
    }
    const sql = `SELECT count(*)::int AS events FROM audit_events WHERE subject = $1 AND action = 'user.updated'`;
    expect(await server.database.query(sql, [person.id])).toEqual([{ events: 0 }]);
  });

  it('has an unproved e-mail address after each change of the address, and only then', async () => {
    const person = await server.client.newcomer();
    const verified = async () => (await server.client.me(person.access_token)).body['email_verified'];
    expect(await verified()).toBe(false);
    await server.database.query('UPDATE users SET email_verified = true WHERE id = $1', [person.id]);
    await change(person.access_token, { full_name: 'Ada', email: person.email.toUpperCase() });
    expect(await verified()).toBe(true);
    await change(person.access_token, { email: `new-${person.email}` });
    expect(await verified()).toBe(false);
  });

  it('loses a name that the body sets to null', async () => {
    const person = await server.client.newcomer();
    const { body } = await change(person.access_token, { username: null, full_name: null });
    expect(body).toMatchObject({ username: null, full_name: null });
    const { username, password } = person;
    expect((await server.client.post('/auth/login', { json: { username, password } })).status).toBe(401);
    await server.client.login({ username: person.email, password });
  });

  it('refuses a name that another user has, in any case', async () => {
    const [person, other] = [await server.client.newcomer(), await server.client.register()];
    const email = await change(person.access_token, { email: other.email.toUpperCase() });
    expect([email.status, email.body['code']]).toEqual([409, 'email_taken']);
    const username = await change(person.access_token, { username: other.username.toUpperCase() });
    expect([username.status, username.body['code']]).toEqual([409, 'username_taken']);
    expect((await server.client.me(person.access_token)).body['email']).toBe(person.email);
  });

  it.each(['roles', 'status', 'id', 'password'])('does not let its owner change %s', async (field) => {
    const person = await server.client.newcomer();
    expect((await change(person.access_token, { [field]: 'x' })).status).toBe(422);
  });

  it('is refused to a token of an unknown user', async () => {
    const { access_token: token } = await server.client.newcomer();
    const stranger = reminted(token, server.secret, { sub: freshId() });
    for (const answer of [
      await server.client.me(stranger),
      await change(stranger, { full_name: 'x' }),
      await server.client.request('DELETE', '/users/me', { token: stranger }),
      await server.client.request('PUT', '/users/me/password', {
        token: stranger,
        json: { current_password: 'whatever it is', new_password: 'another long phrase' },
      }),
    ]) {
      expect([answer.status, answer.body['code']]).toEqual([401, 'token_invalid']);
    }
  });
});

describe('the last administrator', () => {
  it('cannot delete the account before there is another', async () => {
    const root = { username: 'root@example.com', password: 'only for this test run' };
    await server.app.get(FirstAdministrator).ensure({ email: root.username, password: root.password });
    const { access_token: token } = await server.client.loginForService(root);
    const first = await server.client.request('DELETE', '/users/me', { token });
    expect([first.status, first.body['code']]).toEqual([409, 'last_administrator']);
    expect((await server.client.me(token)).status).toBe(200);
    const deputy = await server.client.register();
    await server.database.query(`INSERT INTO user_roles VALUES ($1, 'admin')`, [deputy.id]);
    expect((await server.client.request('DELETE', '/users/me', { token })).status).toBe(204);
  });

  it('stays when two administrators leave at the same moment', async () => {
    for (let round = 0; round < 10; round++) {
      await server.database.query(`DELETE FROM user_roles WHERE role = 'admin'`);
      const pair = [await server.client.newcomer(), await server.client.newcomer()];
      for (const { id } of pair) {
        await server.database.query(`INSERT INTO user_roles VALUES ($1, 'admin')`, [id]);
      }
      const answers = await Promise.all(
        pair.map(({ access_token: token }) => server.client.request('DELETE', '/users/me', { token })),
      );
      expect(answers.map(({ status }) => status).sort()).toEqual([204, 409]);
    }
  });
});
