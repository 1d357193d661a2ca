import { expect, it } from '@jest/globals';
import { findsPooler } from '../../src/platform/database/pooler.js';
import { testServer } from '../support/database/database.js';
import { Pooler, poolerIsMissing } from '../support/database/pooler.js';

const TIMEOUT_MS = 10_000;

if (poolerIsMissing) process.stdout.write('skipped: no PgBouncer at /usr/sbin/pgbouncer\n');

it('a server that is reached directly is not mistaken for a pooler', async () => {
  expect(await findsPooler(testServer(), TIMEOUT_MS)).toBe(false);
});

(poolerIsMissing ? it.skip : it).each(['transaction', 'session'] as const)(
  'a pooler is found in %s mode',
  async (mode) => {
    const pooler = await Pooler.before(testServer(), { mode, sessions: 2 });
    try {
      expect(await findsPooler(pooler.target, TIMEOUT_MS)).toBe(true);
    } finally {
      await pooler.stop();
    }
  },
);
