import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AuditSealer, AuditVerifier, FirstAdministrator } from '../support/service/built.js';
import { startServer, type TestServer } from '../support/service/server.js';
import { decode } from '../support/tokens/tokens.js';

const ROOT = { email: 'root@example.com', password: 'only for this test run' };

interface Event {
  readonly action: string;
  readonly actor: string | null;
  readonly subject: string;
  readonly ip: string | null;
  readonly user_agent: string | null;
  readonly request_id: string | null;
}

let server: TestServer;
let root: string;
let rootId: string;

beforeAll(async () => {
  server = await startServer({ env: { JWT_ALGORITHM: 'ES256' } });
  await server.app.get(FirstAdministrator).ensure(ROOT);
  ({ access_token: root } = await server.client.loginForService({
    username: ROOT.email,
    password: ROOT.password,
  }));
  rootId = String(decode(root).claims['sub']);
});
afterAll(() => server.close());

async function eventsAbout(subject: string): Promise<Event[]> {
  const { body } = await server.client.get<Event[]>(`/audit-events?subject=${subject}`, { token: root });
  return body.toReversed();
}

async function actionsAbout(subject: string): Promise<string[]> {
  return (await eventsAbout(subject)).map(({ action }) => action);
}

function call(method: string, path: string, token: string, json?: unknown) {
  return server.client.request(method, path, { token, ...(json === undefined ? {} : { json }) });
}

describe('the audit log', () => {
  it('holds the changes users make to their accounts, with address and request id', async () => {
    const person = await server.client.newcomer();
    await server.move(5);
    await call('PATCH', '/users/me', person.access_token, { full_name: 'Somebody' });
    await server.move(5);
    const json = { current_password: person.password, new_password: 'another long phrase' };
    const headers = { 'user-agent': 'a browser', 'x-request-id': 'this-very-request' };
    await server.client.request('PUT', '/users/me/password', { token: person.access_token, json, headers });
    await server.move(5);
    await call('DELETE', '/users/me', person.access_token);
    const events = await eventsAbout(person.id);
    const actions = ['user.registered', 'user.updated', 'user.password_changed', 'user.deleted'];
    expect(events.map(({ action }) => action)).toEqual(actions);
    expect(new Set(events.map(({ actor }) => actor))).toEqual(new Set([person.id]));
    expect(events[2]).toMatchObject({
      ip: '127.0.0.1',
      user_agent: 'a browser',
      request_id: 'this-very-request',
    });
  });

  it('holds the start and the end of a session, and no ordinary refresh', async () => {
    const person = await server.client.newcomer();
    const { sid } = decode(person.access_token).claims;
    await server.client.refresh(person.refresh_token);
    await server.move(5);
    await call('POST', '/auth/logout', person.access_token);
    expect(await actionsAbout(String(sid))).toEqual(['session.started', 'session.ended']);
  });

  it('holds the reuse of a refresh token', async () => {
    const person = await server.client.newcomer();
    const { sid } = decode(person.access_token).claims;
    const { body } = await server.client.refresh(person.refresh_token);
    await server.client.refresh(body.refresh_token);
    await server.move(5);
    expect((await server.client.refresh(person.refresh_token)).body['code']).toBe('refresh_token_reused');
    expect(await actionsAbout(String(sid))).toEqual(['session.started', 'session.refresh_reused']);
  });

  it('holds the changes that administrators make, with the administrator as actor', async () => {
    const person = await server.client.newcomer();
    for (const change of [{ roles: ['user', 'admin'] }, { status: 'disabled' }, { status: 'active' }]) {
      await server.move(5);
      expect((await call('PATCH', `/users/${person.id}`, root, change)).status).toBe(200);
    }
    await server.move(5);
    await call('DELETE', `/users/${person.id}/sessions`, root);
    await server.move(5);
    await call('DELETE', `/users/${person.id}`, root);
    const events = (await eventsAbout(person.id)).slice(1);
    expect(events.map(({ action }) => action)).toEqual([
      'user.roles_changed',
      'user.disabled',
      'user.enabled',
      'session.ended_all',
      'user.deleted',
    ]);
    expect(new Set(events.map(({ actor }) => actor))).toEqual(new Set([rootId]));
  });

  it('holds changes of roles, keys and revocations', async () => {
    await call('PUT', '/roles/auditor', root, { scopes: ['audit:read'] });
    await server.move(5);
    await call('DELETE', '/roles/auditor', root);
    expect(await actionsAbout('auditor')).toEqual(['role.changed', 'role.deleted']);
    const { body: key } = await call('POST', '/keys/rotate', root, {});
    expect(await actionsAbout(String(key['kid']))).toEqual(['key.added', 'key.rotated']);
    const { body: client } = await call('POST', '/clients', root, {
      name: 'billing',
      scopes: [],
      grants: ['client_credentials'],
    });
    const order = { kind: 'client', subject: client['client_id'] };
    const { body: row } = await call('POST', '/revocations', root, order);
    expect(await actionsAbout(String(row['id']))).toEqual(['revocation.created']);
  });

  it('holds a session under one id, however the request writes it', async () => {
    const person = await server.client.newcomer();
    const sid = String(decode((await server.client.login(person)).access_token).claims['sid']);
    await server.move(5);
    const { status } = await call('DELETE', `/auth/sessions/${sid.toUpperCase()}`, person.access_token);
    expect(status).toBe(204);
    for (const written of [sid, sid.toUpperCase()])
      expect(await actionsAbout(written)).toEqual(['session.started', 'session.ended']);
  });

  it('holds no event for a refused request', async () => {
    const person = await server.client.newcomer();
    const before = await actionsAbout(person.id);
    await call('PATCH', '/users/me', person.access_token, { email: ROOT.email });
    await call('PUT', '/users/me/password', person.access_token, {
      current_password: 'not the password',
      new_password: 'another long phrase',
    });
    expect(await actionsAbout(person.id)).toEqual(before);
  });

  it('is sealed and verifies', async () => {
    const verifier = server.app.get(AuditVerifier);
    let report = await verifier.verify();
    // The service's own sealer may be at work at the same moment, and other tests hold the horizon back for a while.
    while (report.unsealed > 0) {
      await server.database.settled();
      await server.app.get(AuditSealer).seal();
      report = await verifier.verify();
    }
    expect(report.fault).toBeNull();
    expect(report.events).toBeGreaterThan(20);
  });
});
