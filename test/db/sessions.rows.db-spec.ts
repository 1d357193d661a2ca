import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import { dataSourceOptions } from '../../src/platform/database/data-source.js';
import { newId } from '../../src/platform/kernel/ids.js';
import { newestAddresses } from '../../src/sessions/newest-addresses.js';
import { Session } from '../../src/sessions/session.entity.js';
import type { NewSession, Rotation } from '../../src/sessions/session-records.js';
import { SessionsRepository } from '../../src/sessions/sessions.repository.js';
import type { SweepFilter } from '../../src/sessions/sweep-records.js';
import { SweptSessionsRepository } from '../../src/sessions/swept-sessions.repository.js';
import { User } from '../../src/users/user.entity.js';
import { workerDatabase, type TestDatabase } from '../support/database/database.js';

const POOL = { poolSize: 1, connectTimeoutMs: 5000, statementTimeoutMs: 60_000 };
const DAY_MS = 86_400_000;

const Grant = z.strictObject({
  id: z.uuid(),
  userId: z.uuid(),
  clientId: z.string(),
  audience: z.string().nullable(),
  requestedScope: z.string().nullable(),
  generation: z.int(),
  refreshTokenId: z.uuid(),
  rotatedAt: z.date(),
  idleExpiresAt: z.date(),
  persistent: z.boolean(),
  permissionVersion: z.int(),
  passwordChangeRequired: z.boolean(),
  scopes: z.array(z.string()),
});
const Opened = Grant.extend({ surplus: z.array(z.uuid()) });
const Row = Grant.extend({
  parentGeneration: z.int().nullable(),
  parentConsumedAt: z.date(),
  expiresAt: z.date(),
  revokedAt: z.date().nullable(),
  revokedReason: z.string().nullable(),
  userStatus: z.enum(['active', 'disabled']),
});
const Summary = z.strictObject({
  sessions: z.int(),
  users: z.int(),
  usedLately: z.int(),
  openedFirst: z.date().nullable(),
  openedLast: z.date().nullable(),
});
const Example = z.strictObject({
  id: z.uuid(),
  userId: z.uuid(),
  clientId: z.string(),
  createdAt: z.date(),
  ip: z.string().nullable(),
});
const Ended = z.strictObject({ id: z.uuid(), lastUsedAt: z.date() });
const Newest = z.strictObject({ sessions: z.int(), addresses: z.int(), ip: z.string().nullable() });

const now = new Date();
const sessions = new SessionsRepository();
const swept = new SweptSessionsRepository();
let database: TestDatabase;
let source: DataSource;
let userId: string;

beforeAll(async () => {
  database = await workerDatabase();
  source = await new DataSource(dataSourceOptions(database.target, POOL, [Session, User])).initialize();
});
afterAll(async () => {
  await source.destroy();
  await database.drop();
});
beforeEach(async () => {
  await database.query('DELETE FROM sessions');
  userId = newId(now.getTime());
  await database.query(
    `INSERT INTO users (id, email, email_key, password_hash, created_at, updated_at) VALUES ($1, $2, $2, '-', $3, $3)`,
    [userId, `${userId}@example.com`, now],
  );
});

function newSession(): NewSession {
  return {
    id: newId(now.getTime()),
    userId,
    clientId: 'first-party',
    audience: 'latchkey',
    requestedScope: null,
    refreshTokenId: newId(now.getTime()),
    now,
    idleExpiresAt: new Date(now.getTime() + DAY_MS),
    expiresAt: new Date(now.getTime() + 2 * DAY_MS),
    ip: '192.0.2.1',
    userAgent: null,
    persistent: true,
    maxLive: 2,
  };
}

function rotation(): Rotation {
  return {
    now,
    idleExpiresAt: new Date(now.getTime() + DAY_MS),
    briefIdleExpiresAt: new Date(now.getTime() + DAY_MS / 2),
    replaceBefore: now,
    consumedSince: now,
    locked: 'wait',
  };
}

function everySession(): SweepFilter {
  const openedBefore = new Date(now.getTime() + 1);
  return { openedBefore, userId: null, clientId: null, addresses: null, rotated: null, now };
}

describe('the statements on single sessions return the rows they declare:', () => {
  it('insert', async () => {
    const grant = await sessions.insert(source.manager, newSession());
    const expected = { userId, generation: 1, permissionVersion: 1, scopes: [], surplus: [] };
    expect(Opened.parse(grant)).toMatchObject(expected);
    await sessions.insert(source.manager, newSession());
    expect(Opened.parse(await sessions.insert(source.manager, newSession())).surplus).toEqual([grant.id]);
  });

  it('rotate, by which a session that does not outlive the browser gets the shorter idle limit', async () => {
    const { id } = await sessions.insert(source.manager, { ...newSession(), persistent: false });
    const token = { id, generation: 1, refreshTokenId: newId(now.getTime()) };
    const [grant] = await sessions.rotate(source.manager, [token], rotation());
    expect(Grant.parse(grant)).toMatchObject({
      persistent: false,
      idleExpiresAt: rotation().briefIdleExpiresAt,
    });
  });

  it('rotate', async () => {
    const { id } = await sessions.insert(source.manager, newSession());
    const token = { generation: 1, refreshTokenId: newId(now.getTime()) };
    const grants = await sessions.rotate(
      source.manager,
      [
        { id: newId(now.getTime()), ...token },
        { id, ...token },
      ],
      rotation(),
    );
    expect(grants[0]).toBeUndefined();
    expect(Grant.parse(grants[1])).toMatchObject({ id, generation: 2, refreshTokenId: token.refreshTokenId });
  });

  it('find, while the session lives and after its end', async () => {
    const { id } = await sessions.insert(source.manager, newSession());
    expect(Row.parse(await sessions.find(source.manager, id))).toMatchObject({ id, revokedAt: null });
    await sessions.end(source.manager, userId, { only: [id], reason: 'a test', now });
    const ended = Row.parse(await sessions.find(source.manager, id));
    expect(ended).toMatchObject({ revokedAt: now, revokedReason: 'a test', userStatus: 'active' });
  });

  it('end, for one session, all but one, and all', async () => {
    const [first, second, third] = await Promise.all([
      sessions.insert(source.manager, newSession()),
      sessions.insert(source.manager, newSession()),
      sessions.insert(source.manager, newSession()),
    ]);
    const cause = { reason: 'a test', now };
    const end = (which: { only?: string[]; except?: string }) =>
      sessions.end(source.manager, userId, { ...which, ...cause });
    expect(await end({ only: [first.id] })).toEqual([first.id]);
    expect(await end({ except: second.id })).toEqual([third.id]);
    expect(await end({})).toEqual([second.id]);
    expect(await end({})).toEqual([]);
  });

  it('deleteExpired', async () => {
    await sessions.insert(source.manager, newSession());
    await sessions.insert(source.manager, newSession());
    const later = new Date(now.getTime() + 3 * DAY_MS);
    expect(await sessions.deleteExpired(source.manager, now, 10)).toBe(0);
    expect(await sessions.deleteExpired(source.manager, later, 1)).toBe(1);
    expect(await sessions.deleteExpired(source.manager, later, 10)).toBe(1);
  });
});

describe('the statements of a sweep return the rows they declare:', () => {
  it('summary, of sessions and of none', async () => {
    const usedSince = new Date(now.getTime() - 1);
    const none = Summary.parse(await swept.summary(source.manager, everySession(), usedSince));
    expect(none).toEqual({ sessions: 0, users: 0, usedLately: 0, openedFirst: null, openedLast: null });
    await sessions.insert(source.manager, newSession());
    const one = Summary.parse(await swept.summary(source.manager, everySession(), usedSince));
    expect(one).toEqual({ sessions: 1, users: 1, usedLately: 1, openedFirst: now, openedLast: now });
  });

  it('examples', async () => {
    const { id } = await sessions.insert(source.manager, newSession());
    const examples = z.array(Example).parse(await swept.examples(source.manager, everySession(), 3));
    expect(examples).toEqual([{ id, userId, clientId: 'first-party', createdAt: now, ip: '192.0.2.1' }]);
  });

  it('end', async () => {
    const { id } = await sessions.insert(source.manager, newSession());
    const ended = await swept.end(source.manager, everySession(), { ids: [id], reason: 'a test' });
    expect(z.array(Ended).parse(ended)).toEqual([{ id, lastUsedAt: now }]);
  });

  it('newestAddresses, of sessions and of none', async () => {
    expect(Newest.parse(await newestAddresses(source.manager, 5))).toEqual({
      sessions: 0,
      addresses: 0,
      ip: null,
    });
    await sessions.insert(source.manager, newSession());
    expect(Newest.parse(await newestAddresses(source.manager, 5))).toEqual({
      sessions: 1,
      addresses: 1,
      ip: '192.0.2.1',
    });
  });
});
