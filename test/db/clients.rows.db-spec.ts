import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import { hashClientSecret, newClientSecret } from '../../src/clients/client-secret.js';
import { CLIENT_GRANTS, Client, ClientSecret } from '../../src/clients/client.entity.js';
import { ClientsRepository } from '../../src/clients/clients.repository.js';
import { dataSourceOptions } from '../../src/platform/database/data-source.js';
import { newId } from '../../src/platform/kernel/ids.js';
import { workerDatabase, type TestDatabase } from '../support/database/database.js';

const POOL = { poolSize: 1, connectTimeoutMs: 5000, statementTimeoutMs: 60_000 };

const StoredClient = z.strictObject({
  id: z.uuid(),
  name: z.string(),
  scopes: z.array(z.string()),
  grants: z.array(z.enum(CLIENT_GRANTS)),
  resources: z.array(z.string()).nullable(),
  createdAt: z.date(),
  hashes: z.array(z.instanceof(Buffer)),
});

const now = new Date();
const clients = new ClientsRepository();
let database: TestDatabase;
let source: DataSource;

beforeAll(async () => {
  database = await workerDatabase();
  source = await new DataSource(
    dataSourceOptions(database.target, POOL, [Client, ClientSecret]),
  ).initialize();
});
afterAll(async () => {
  await source.destroy();
  await database.drop();
});

function hexOf(hashes: readonly Buffer[]): string[] {
  return hashes.map((hash) => hash.toString('hex')).sort();
}

it('findWithHashes returns the client with the hashes of its valid secrets alone', async () => {
  const id = newId(now.getTime());
  const client = {
    id,
    name: 'billing',
    scopes: ['tasks:read'],
    grants: [...CLIENT_GRANTS],
    resources: null,
    createdAt: now,
  };
  const [oldest, previous, newest] = [1, 2, 3].map(() => hashClientSecret(newClientSecret())) as [
    Buffer,
    Buffer,
    Buffer,
  ];
  const ends = new Date(now.getTime() + 60_000);
  await clients.insert(source.manager, client, oldest);
  for (const hash of [previous, newest]) {
    await clients.retireSecrets(source.manager, id, ends);
    await clients.insertSecret(source.manager, id, hash, now);
  }
  const find = async (at: Date) => StoredClient.parse(await clients.findWithHashes(source.manager, id, at));
  const during = await find(now);
  expect(during).toEqual({ ...client, hashes: expect.any(Array) });
  expect(hexOf(during.hashes)).toEqual(hexOf([previous, newest]));
  expect((await find(ends)).hashes).toEqual([newest]);
});

it('findWithHashes returns undefined for an unknown id', async () => {
  expect(await clients.findWithHashes(source.manager, newId(now.getTime()), now)).toBeUndefined();
});
