import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { FirstAdministrator } from '../support/service/built.js';
import type { Answer, Person } from '../support/http/client.js';
import { startServer, waitOut, type TestServer } from '../support/service/server.js';

const FREE = 5;
const FIRST_DELAY_S = 30;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const ROUNDS = 10;
const ROOT = { email: 'root@example.com', password: 'only for this test run' };

let server: TestServer;
let person: Person;

beforeAll(async () => {
  server = await startServer();
});
beforeEach(async () => {
  await server.database.query('DELETE FROM rate_limits');
  person = await server.client.register();
});
afterAll(() => server.close());

function login(password: string, username = person.username, cookie?: string): Promise<Answer> {
  const headers: Record<string, string> = cookie === undefined ? {} : { cookie };
  return server.client.post('/auth/login', { headers, json: { username, password } });
}

async function fail(times: number, username = person.username, cookie?: string): Promise<number[]> {
  const statuses = [];
  for (let index = 0; index < times; index++) {
    statuses.push((await login('wrong', username, cookie)).status);
  }
  return statuses;
}

/** The device cookie of a browser that the person logged in with. */
async function deviceCookie(): Promise<string> {
  const { headers } = await login(person.password);
  return headers.get('set-cookie')?.split(';', 1)[0] ?? '';
}

async function administrator(): Promise<string> {
  await server.app.get(FirstAdministrator).ensure(ROOT);
  const { access_token: token } = await server.client.loginForService({
    username: ROOT.email,
    password: ROOT.password,
  });
  return token;
}

function waitOf({ status, headers }: Answer): [number, number] {
  return [status, Number(headers.get('retry-after'))];
}

/** How many wrong passwords are checked of an attacker who never stops and respects every delay. */
async function evaluatedInARow(cookie?: string): Promise<number> {
  let evaluated = 0;
  for (let day = 0; day < 60; day++) {
    const answers = await fail(FREE + 1, person.username, cookie);
    const checked = answers.filter((status) => status === 401).length;
    if (checked === 0) return evaluated;
    evaluated += checked;
    await waitOut(server, DAY_MS + 1000);
  }
  throw new Error('passwords are still checked after 60 days');
}

describe('wrong passwords for an account', () => {
  it('are refused five times with 401, then every password is refused with 429 and the time to wait', async () => {
    expect(await fail(FREE)).toEqual(Array.from({ length: FREE }, () => 401));
    const wrong = await login('wrong');
    expect(wrong).toMatchObject({
      status: 429,
      body: { code: 'too_many_attempts', detail: 'Too many attempts, wait before the next one' },
    });
    const [, wait] = waitOf(await login(person.password));
    expect(wait).toBeGreaterThan(FIRST_DELAY_S - 10);
    expect(wait).toBeLessThanOrEqual(FIRST_DELAY_S);
  });

  it('count together by e-mail address, by user name and at the token endpoint', async () => {
    await fail(2, person.username);
    await fail(2, person.email);
    const form = { username: person.email, password: 'wrong' };
    expect((await server.client.post('/oauth/token', { form })).status).toBe(401);
    const { status, body } = await server.client.post<{ error: string }>('/oauth/token', { form });
    expect([status, body.error]).toEqual([429, 'temporarily_unavailable']);
    expect((await login('wrong')).status).toBe(429);
  });

  it('are delayed three times longer each round, and the right password works after each delay', async () => {
    const waits = [];
    for (let round = 0; round < 5; round++) {
      await fail(FREE);
      const [status, wait] = waitOf(await login('wrong'));
      expect(status).toBe(429);
      waits.push(wait);
      await waitOut(server, wait * 1000 + 500);
    }
    expect(waits.map((wait) => Math.ceil(wait / 10) * 10)).toEqual([30, 90, 270, 810, 2430]);
    expect((await login(person.password)).status).toBe(200);
  });

  it('are forgotten after a success', async () => {
    await fail(FREE - 1);
    expect((await login(person.password)).status).toBe(200);
    expect(await fail(FREE)).toEqual(Array.from({ length: FREE }, () => 401));
  });

  it('are checked five times however many are sent in parallel', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      person = await server.client.register();
      const answers = await Promise.all(Array.from({ length: 20 }, () => login('wrong')));
      const statuses = answers.map(({ status }) => status).sort();
      expect(statuses).toEqual([
        ...Array.from({ length: FREE }, () => 401),
        ...Array.from({ length: 20 - FREE }, () => 429),
      ]);
    }
  });

  it('are refused with the same bytes for an account that does not exist', async () => {
    const transcripts = [];
    for (const username of [person.username, 'nobody-at-all']) {
      const answers = [];
      for (let index = 0; index < FREE + 2; index++) {
        const answer = await server.client.post('/auth/login', {
          headers: { 'x-request-id': 'same' },
          json: { username, password: 'wrong' },
        });
        const { date: _, 'retry-after': wait, ...headers } = Object.fromEntries(answer.headers);
        answers.push({ status: answer.status, text: answer.text, headers, waits: wait !== undefined });
      }
      transcripts.push(answers);
    }
    expect(transcripts[1]).toEqual(transcripts[0]);
  });

  it('are not counted for right ones: twenty in parallel all succeed', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => login(person.password)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  });

  it('do not refuse a right one while other instances hold all points and give them back', async () => {
    const held = [`strangers:${person.id}`, FREE, Date.now() + HOUR_MS];
    await server.database.query('INSERT INTO rate_limits (key, points, expire) VALUES ($1, $2, $3)', held);
    const answer = login(person.password);
    await server.database.query(
      'WITH waited AS (SELECT pg_sleep(0.3)) DELETE FROM rate_limits USING waited WHERE key = $1',
      [held[0]],
    );
    expect((await answer).status).toBe(200);
  });

  it('are not counted where the password was not checked', async () => {
    for (let index = 0; index < FREE + 2; index++) {
      const { status } = await server.client.post('/auth/login', { json: { username: person.username } });
      expect(status).toBe(422);
    }
    expect((await login(person.password)).status).toBe(200);
  });
});

describe('a device the owner has used', () => {
  it('logs in while strangers have used up their attempts', async () => {
    const cookie = await deviceCookie();
    await fail(FREE + 5);
    expect((await login(person.password)).status).toBe(429);
    expect((await login(person.password, person.username, cookie)).status).toBe(200);
    // The owner's success clears the account for other devices too.
    expect((await login(person.password)).status).toBe(200);
  });

  it('has a budget of its own that it can use up', async () => {
    const cookie = await deviceCookie();
    expect(await fail(FREE, person.username, cookie)).toEqual(Array.from({ length: FREE }, () => 401));
    expect((await login(person.password, person.username, cookie)).status).toBe(429);
    expect((await login(person.password)).status).toBe(200);
  });

  it('whose cookie is stolen cannot be locked out by it: each cookie has a budget of its own', async () => {
    const [mine, stolen] = [await deviceCookie(), await deviceCookie()];
    expect(mine).not.toBe(stolen);
    await fail(FREE + 1, person.username, stolen);
    expect((await login(person.password, person.username, stolen)).status).toBe(429);
    expect((await login(person.password, person.username, mine)).status).toBe(200);
    // A success of the owner gives the thief no new attempts.
    expect((await login('wrong', person.username, stolen)).status).toBe(429);
  });

  it('has its failures forgotten by an administrator', async () => {
    const cookie = await deviceCookie();
    await fail(FREE + 1, person.username, cookie);
    await server.client.request('DELETE', `/users/${person.id}/failed-logins`, {
      token: await administrator(),
    });
    expect((await login(person.password, person.username, cookie)).status).toBe(200);
  });

  const VOIDING: ReadonlyArray<readonly [name: string, act: (token: string) => Promise<unknown>]> = [
    [
      'a change of the password',
      async (token) => {
        const json = { current_password: person.password, new_password: 'another long phrase' };
        const changed = await server.client.request('PUT', '/users/me/password', { token, json });
        person = { ...person, password: json.new_password };
        return changed.status;
      },
    ],
    [
      'a logout everywhere',
      async (token) => (await server.client.post('/auth/logout-all', { token })).status,
    ],
    [
      'disabling the account, also after it is enabled again',
      async () => {
        const token = await administrator();
        for (const status of ['disabled', 'active']) {
          await server.client.request('PATCH', `/users/${person.id}`, { token, json: { status } });
        }
        return 204;
      },
    ],
    [
      'the end of all sessions by an administrator',
      async () => {
        const token = await administrator();
        return (await server.client.request('DELETE', `/users/${person.id}/sessions`, { token })).status;
      },
    ],
  ];

  it.each(VOIDING)('is known no more after %s', async (_name, act) => {
    const cookie = await deviceCookie();
    const { access_token: token } = await server.client.login(person);
    expect(await act(token)).toBe(204);
    await fail(FREE);
    expect((await login(person.password, person.username, cookie)).status).toBe(429);
    await server.database.query('DELETE FROM rate_limits');
    const fresh = await deviceCookie();
    await fail(FREE);
    expect((await login(person.password, person.username, fresh)).status).toBe(200);
  });

  it('stays known after a logout of one session', async () => {
    const cookie = await deviceCookie();
    const { access_token: token } = await server.client.login(person);
    expect((await server.client.post('/auth/logout', { token })).status).toBe(204);
    await fail(FREE);
    expect((await login(person.password, person.username, cookie)).status).toBe(200);
  });

  it('is known for one account only, by a cookie that cannot be forged', async () => {
    const mine = await deviceCookie();
    const other = await server.client.register();
    await fail(FREE, other.username);
    expect((await login(other.password, other.username, mine)).status).toBe(429);
    const [, userId = ''] = /latchkey_device=([^.]+)/.exec(mine) ?? [];
    const signature = mine.slice(mine.lastIndexOf('.') + 1);
    for (const forged of [
      mine.replace(userId, other.id),
      mine.replace(signature, ''),
      `${mine}x`,
      `latchkey_device=${other.id}.${Math.floor(Date.now() / 1000)}.${signature}`,
      `latchkey_device=${other.id}.1.AAAAAAAAAAAAAAAA.${Math.floor(Date.now() / 1000)}.${signature}`,
      'latchkey_device=',
      'latchkey_device=..',
    ]) {
      expect((await login(other.password, other.username, forged)).status).toBe(429);
    }
  });

  it('gets a cookie that is HttpOnly, SameSite=Lax and valid for a year', async () => {
    const { headers } = await login(person.password);
    expect(headers.get('set-cookie')).toMatch(
      /^latchkey_device=[\w.-]+; Max-Age=31536000; Path=\/; HttpOnly; SameSite=Lax$/,
    );
    const form = { username: person.username, password: person.password };
    const token = await server.client.post('/oauth/token', { form });
    expect(token.headers.get('set-cookie')).toMatch(/^latchkey_device=/);
  });

  it('counts for the change of a password in a live session too', async () => {
    const { access_token: token } = await server.client.login(person);
    await fail(FREE + 1);
    const change = (current: string) =>
      server.client.request('PUT', '/users/me/password', {
        token,
        json: { current_password: current, new_password: 'another long phrase' },
      });
    for (let index = 0; index < FREE - 1; index++) expect((await change('wrong')).status).toBe(401);
    expect((await change(person.password)).status).toBe(204);
    person = { ...person, password: 'another long phrase' };
    expect((await login(person.password)).status).toBe(200);
  });

  it('is each live session by itself: wrong guesses in one of them do not stop the others', async () => {
    const [stolen, mine] = [await server.client.login(person), await server.client.login(person)];
    const change = ({ access_token: token }: { access_token: string }, current: string) =>
      server.client.request('PUT', '/users/me/password', {
        token,
        json: { current_password: current, new_password: 'another long phrase' },
      });
    for (let index = 0; index < FREE; index++) expect((await change(stolen, 'wrong')).status).toBe(401);
    expect((await change(stolen, person.password)).status).toBe(429);
    expect((await change(mine, person.password)).status).toBe(204);
  });
});

describe('an account that is guessed at without end', () => {
  it('has at most 100 wrong passwords in a row checked, of strangers and of one known device together', async () => {
    const cookie = await deviceCookie();
    const strangers = await evaluatedInARow();
    const devices = await evaluatedInARow(cookie);
    expect([strangers, devices]).toEqual([60, 40]);
    await waitOut(server, 300 * DAY_MS);
    expect((await login(person.password)).status).toBe(429);
  });

  it('is cleared by an administrator', async () => {
    await evaluatedInARow();
    const token = await administrator();
    const cleared = await server.client.request('DELETE', `/users/${person.id}/failed-logins`, { token });
    expect(cleared.status).toBe(204);
    expect((await login(person.password)).status).toBe(200);
  });
});
