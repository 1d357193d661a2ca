import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { migrate } from '../support/service/built.js';
import { createEmptyDatabase } from '../support/database/database.js';
import { Deployment } from '../support/service/deployment.js';
import { eventually, type ServiceProcess } from '../support/service/process.js';
import { newSecret } from '../support/service/server.js';

const REQUESTS = 200;
const TOGETHER = 6;
const SPREAD_MS = 1000;

let deployment: Deployment;
let one: ServiceProcess;
let other: ServiceProcess;
let stranger: ServiceProcess;

beforeAll(async () => {
  deployment = await Deployment.open({ env: { ACCESS_TOKEN_EXPIRE_MINUTES: '30', JWT_ALGORITHM: 'HS256' } });
  // Started at the same time, so all three find the database empty.
  [[one, other], stranger] = await Promise.all([
    deployment.startTwo(),
    deployment.start({ env: { SECRET_KEY: newSecret() } }),
  ]);
});
afterAll(() => deployment.close());

function started(service: ServiceProcess): Record<string, unknown> {
  return service.log.find(({ msg }) => msg === 'listening') ?? {};
}

/** How long `other` still accepted a token after `one` ended it. */
async function timeToRefusal(token: string): Promise<number> {
  return eventually(SPREAD_MS, async () => (await other.client.me(token)).status === 401);
}

describe('instances that start together on an empty database', () => {
  it('migrate it once and all start, and one of them shows the first administrator', () => {
    const instances = [one, other, stranger];
    expect(
      instances.filter(({ log }) => log.some(({ migrations }) => migrations !== undefined)),
    ).toHaveLength(1);
    expect(instances.filter(({ stderr }) => stderr.includes('First administrator'))).toHaveLength(1);
  });
});

describe('migrations that start together on an empty database', () => {
  it('run once, and no process fails', async () => {
    const empty = await createEmptyDatabase();
    const pool = { poolSize: 2, connectTimeoutMs: 10_000, statementTimeoutMs: 10_000 };
    const ran = await Promise.all(
      Array.from({ length: TOGETHER }, () => migrate(empty.target, pool, { waitMs: 0 })),
    );
    await empty.drop();
    expect(ran.filter((names) => names.length > 0)).toHaveLength(1);
  });
});

describe('two instances with one configuration', () => {
  it('both accept a token of either, 200 times out of 200', async () => {
    const { access_token: token } = await one.client.newcomer();
    const statuses = [];
    for (let i = 0; i < REQUESTS; i++) {
      statuses.push((await (i % 2 ? one : other).client.me(token)).status);
    }
    expect(statuses).toEqual(Array.from({ length: REQUESTS }, () => 200));
  });

  it('refresh in turns, without logging the client out', async () => {
    let { refresh_token: token } = await one.client.newcomer();
    for (let i = 0; i < 10; i++) {
      const { status, body } = await (i % 2 ? one : other).client.refresh(token);
      expect(status).toBe(200);
      token = body.refresh_token;
    }
  });

  it('log algorithm, lifetime and the same fingerprint of the key at the start', () => {
    expect(started(one)).toMatchObject({
      algorithm: 'HS256',
      access_token_seconds: 1800,
      key_fingerprint: expect.stringMatching(/^[\w-]{8,}$/),
    });
    expect(started(other)['key_fingerprint']).toBe(started(one)['key_fingerprint']);
  });

  it('both refuse a token within a second of its logout on one of them', async () => {
    const { access_token: token } = await one.client.newcomer();
    expect((await other.client.me(token)).status).toBe(200);
    expect((await one.client.post('/auth/logout', { token })).status).toBe(204);
    expect((await one.client.me(token)).body['code']).toBe('token_revoked');
    expect(await timeToRefusal(token)).toBeLessThan(SPREAD_MS);
    expect((await other.client.me(token)).body['code']).toBe('token_revoked');
  });

  it('both refuse every token of a user within a second of a logout everywhere', async () => {
    const person = await one.client.newcomer();
    const second = await other.client.login(person);
    expect((await one.client.post('/auth/logout-all', { token: person.access_token })).status).toBe(204);
    for (const token of [person.access_token, second.access_token]) {
      expect(await timeToRefusal(token)).toBeLessThan(SPREAD_MS);
    }
    expect((await other.client.refresh(second.refresh_token)).status).toBe(401);
  });

  it('both refuse the other sessions within a second of a password change, and keep its own', async () => {
    const person = await one.client.newcomer();
    const second = await other.client.login(person);
    const changed = await one.client.request('PUT', '/users/me/password', {
      token: person.access_token,
      json: { current_password: person.password, new_password: `${person.password} anew` },
    });
    expect(changed.status).toBe(204);
    expect(await timeToRefusal(second.access_token)).toBeLessThan(SPREAD_MS);
    expect((await other.client.me(person.access_token)).status).toBe(200);
  });
});

describe('an instance with another key', () => {
  it('refuses their tokens, and its log names the signature as the reason, without the token', async () => {
    const { access_token: token } = await one.client.newcomer();
    const { status, body } = await stranger.client.me(token);
    expect([status, body['detail']]).toEqual([401, 'Could not validate credentials']);
    await stranger.until(({ log }) => log.some(({ cause }) => /signature/.test(String(cause))));
    expect(stranger.log).toContainEqual(
      expect.objectContaining({ msg: expect.stringContaining('JWT'), request_id: body['request_id'] }),
    );
    for (const part of token.split('.')) expect(stranger.stdout).not.toContain(part);
  });

  it('shows a different fingerprint in its log', () => {
    expect(started(stranger)['key_fingerprint']).not.toBe(started(one)['key_fingerprint']);
    expect(started(stranger)).toMatchObject({ algorithm: 'HS256', access_token_seconds: 1800 });
  });
});
