import { beforeEach, describe, expect, it } from '@jest/globals';
import { v7 } from 'uuid';
import { RevocationSet, type LiveRevocation, type RevocableToken } from './revocation-set.js';

const NOW = 1_800_000_000_500;
const KID = 'k1';

function token(issuedAt: number, change: Partial<RevocableToken> = {}): RevocableToken {
  const iat = Math.floor(issuedAt / 1000);
  return {
    sub: 'u1',
    sid: 's1',
    client_id: 'first-party',
    jti: v7({ msecs: issuedAt }),
    iat,
    ver: 3,
    ...change,
  };
}

function row(change: Partial<LiveRevocation>): LiveRevocation {
  return {
    id: v7({ msecs: NOW }),
    kind: 'user',
    subject: 'u1',
    cutoff: NOW,
    minVersion: null,
    soft: false,
    reason: 'test',
    actor: null,
    createdAt: NOW,
    expiresAt: NOW + 1000,
    ...change,
  };
}

let set: RevocationSet;
beforeEach(() => {
  set = new RevocationSet();
});

describe('a revocation', () => {
  it.each([
    ['session', 's1'],
    ['user', 'u1'],
    ['client', 'first-party'],
    ['key', KID],
    ['all', '*'],
  ] as const)('of kind %s revokes the tokens of its subject that were issued before it', (kind, subject) => {
    expect(set.find(token(NOW - 1), KID)).toBeUndefined();
    set.add(row({ kind, subject }));
    expect(set.find(token(NOW - 1), KID)).toMatchObject({ kind });
  });

  it.each(['user', 'client', 'key', 'all'] as const)(
    'of kind %s does not revoke tokens that are issued later',
    (kind) => {
      const subject = { user: 'u1', client: 'first-party', key: KID, all: '*' }[kind];
      set.add(row({ kind, subject }));
      expect(set.find(token(NOW), KID)).toBeUndefined();
    },
  );

  it('of a deleted client revokes later tokens too, and says when the client was deleted', () => {
    const client = { kind: 'client', subject: 'c1' } as const;
    const later = token(NOW + 900, { client_id: 'c1' });
    set.add(row(client));
    expect(set.find(later, KID)).toBeUndefined();
    set.add(row({ ...client, cutoff: NOW + 1000 }));
    expect(set.find(later, KID)).toMatchObject({ kind: 'client', revokedAt: NOW });
    expect(set.find(token(NOW + 900), KID)).toBeUndefined();
    set.removeExpired(NOW + 2000);
    expect(set.size).toBe(0);
  });

  it('of a dropped key revokes every token that it signs, for ever', () => {
    const later = token(NOW + 60_000);
    set.add(row({ kind: 'key', subject: KID, cutoff: NOW + 1000 }));
    expect(set.find(later, KID)).toMatchObject({ kind: 'key', revokedAt: NOW });
    expect(set.find(later, 'k2')).toBeUndefined();
    set.removeExpired(NOW + 2000);
    expect(set.find(later, KID)).toMatchObject({ kind: 'key' });
  });

  it('distinguishes tokens that were issued before and after it in the same second', () => {
    set.add(row({}));
    expect(set.find(token(NOW - 400), KID)).toBeDefined();
    expect(set.find(token(NOW + 400), KID)).toBeUndefined();
  });

  it('compares iat where the token’s id has no time', () => {
    set.add(row({}));
    expect(set.find(token(NOW - 1000, { jti: 'anything' }), KID)).toBeDefined();
    expect(set.find(token(NOW + 1000, { jti: 'anything' }), KID)).toBeUndefined();
  });

  it('by version revokes older versions regardless of time', () => {
    set.add(row({ minVersion: 4 }));
    expect(set.find(token(NOW + 60_000, { ver: 3 }), KID)).toBeDefined();
    expect(set.find(token(NOW - 60_000, { ver: 4 }), KID)).toBeUndefined();
  });

  it('by time stays in force after a later one by version', () => {
    set.add(row({}));
    set.add(row({ minVersion: 2, cutoff: NOW + 5 }));
    expect(set.find(token(NOW - 1, { ver: 9 }), KID)).toBeDefined();
  });

  it('that is soft makes tokens stale, and a hard one takes precedence', () => {
    set.add(row({ minVersion: 4, soft: true }));
    expect(set.find(token(NOW), KID)).toMatchObject({ soft: true });
    set.add(row({ kind: 'session', subject: 's1' }));
    expect(set.find(token(NOW), KID)).toMatchObject({ soft: false });
  });

  it('is combined with others of its subject to the strictest, in any order of arrival', () => {
    const rows = [
      row({ cutoff: NOW }),
      row({ cutoff: NOW + 100 }),
      row({ cutoff: NOW - 100, expiresAt: NOW + 5000 }),
    ];
    for (const order of [rows, rows.toReversed()]) {
      set.clear();
      for (const one of order) set.add(one);
      expect(set.find(token(NOW + 50), KID)).toBeDefined();
      set.removeExpired(NOW + 4000);
      expect(set.find(token(NOW + 50), KID)).toBeDefined();
      set.removeExpired(NOW + 6000);
      expect(set.size).toBe(0);
    }
  });
});
