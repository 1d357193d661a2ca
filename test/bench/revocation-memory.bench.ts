import { JwtService } from '@nestjs/jwt';
import { expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { AccessGrant } from '../../src/access/audience.js';
import { Audiences } from '../../src/access/audiences.js';
import { TokenService } from '../../src/auth/token.service.js';
import { loadConfig } from '../../src/platform/config/env.schema.js';
import { SystemClock } from '../../src/platform/kernel/clock.js';
import { newId } from '../../src/platform/kernel/ids.js';
import { InternalKeys } from '../../src/keys/internal-keys.js';
import { KeyRing } from '../../src/keys/key-ring.js';
import { RevocationSet } from '@latchkey/token-rules';
import { newSecret } from '../support/service/server.js';
import { median, report } from './report.js';

const ENTRIES = 1_000_000;
const ROUNDS = 15;
const VERIFICATIONS = 20_000;

function fill(set: RevocationSet): void {
  const now = Date.now();
  const base = {
    cutoff: now,
    minVersion: null,
    soft: false,
    reason: 'logged out',
    actor: null,
    createdAt: now,
  };
  for (let n = 0; n < ENTRIES; n++) {
    const row = {
      ...base,
      id: '',
      kind: 'session',
      subject: randomUUID(),
      expiresAt: now + 900_000,
    } as const;
    set.add(row);
  }
}

/** Heap in use after a forced garbage collection. */
function liveHeapBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

it('a verification with a million live revocations beside one with none', () => {
  const config = loadConfig({ SECRET_KEY: newSecret(), JWT_ALGORITHM: 'HS256' });
  const tokens = new TokenService(
    new JwtService({}),
    new KeyRing(config.keys),
    new InternalKeys(config.keys),
    new SystemClock(),
    config.tokens,
  );
  const token = tokens.issueAccess({
    subject: newId(Date.now()),
    sid: newId(Date.now()),
    clientId: 'first-party',
    grant: AccessGrant.of(new Audiences(config.tokens).standard, [], undefined),
    permissionVersion: 1,
  });
  const verifyOften = (set: RevocationSet): number => {
    const before = process.cpuUsage();
    for (let n = 0; n < VERIFICATIONS; n++) {
      const { claims, kid } = tokens.verify('access', token);
      if (set.find(claims, kid)) throw new Error('revoked');
    }
    const { user, system } = process.cpuUsage(before);
    return (user + system) / VERIFICATIONS;
  };
  const empty = new RevocationSet();
  const full = new RevocationSet();
  const heapBefore = liveHeapBytes();
  fill(full);
  const heapBytes = liveHeapBytes() - heapBefore;
  expect(full.size).toBe(ENTRIES);
  for (const set of [empty, full]) verifyOften(set);
  const rounds = Array.from({ length: ROUNDS }, () => ({
    none: verifyOften(empty),
    million: verifyOften(full),
  }));
  report('verification beside a million live revocations', {
    cpu_us_with_none: median(rounds.map(({ none }) => none)),
    cpu_us_with_a_million: median(rounds.map(({ million }) => million)),
    ratio: median(rounds.map(({ none, million }) => million / none)),
    heap_bytes_per_revocation: Math.round(heapBytes / ENTRIES),
  });
});
