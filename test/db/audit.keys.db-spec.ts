import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import { hashOfEvents, monthOf } from '../../src/audit/audit-event.js';
import type { AuditFaultKind } from '../../src/seals/seal-faults.js';
import { AuditDatabase, AuditRoom } from '../support/database/audit-room.js';
import { eventually } from '../support/service/process.js';
import { newSecret } from '../support/service/server.js';

const DAY_MS = 86_400_000;
const [former, current, third] = [newSecret(), newSecret(), newSecret()];

let audit: AuditDatabase;

beforeAll(async () => {
  audit = await AuditDatabase.create();
});
afterAll(() => audit.drop());
beforeEach(() => audit.empty());

/** An instance of the service with this secret and these previous ones. */
function instance(secret: string, ...previousSecrets: string[]): AuditRoom {
  return new AuditRoom(audit.dataSource, { secret, previousSecrets });
}

function verdict(secret: string, ...previousSecrets: string[]): Promise<AuditFaultKind | 'whole'> {
  return instance(secret, ...previousSecrets).verdict();
}

async function sealed(room: AuditRoom, events = 1): Promise<AuditRoom> {
  await room.record(events);
  expect(await room.seal()).toBe(events);
  return room;
}

/** Seals the waiting events under the key of the instance, whatever key the end has. */
async function appendSeal(room: AuditRoom): Promise<void> {
  // Waits for transactions of other tests on the server.
  await eventually(10_000, async () => {
    const { manager } = audit.dataSource;
    return (await room.batches.next(manager, await room.chain.follow(manager))) !== undefined;
  });
  await room.transactions.run(async (transaction) => {
    const end = await room.chain.follow(transaction.manager);
    const batch = await room.batches.next(transaction.manager, end);
    if (!batch) throw new Error('no event waits');
    const createdAt = new Date(room.clock.now());
    const eventIds = batch.events.map(({ id }) => id);
    const eventsHash = hashOfEvents(batch.events);
    const marks = { dropped: null, handover: null };
    const content = { ...batch.range, month: monthOf(createdAt), eventIds, eventsHash, createdAt, ...marks };
    await room.chain.append(transaction, end, [content]);
  });
}

async function edit(index: number): Promise<void> {
  const id = (await audit.ids())[index];
  await audit.database.query(`UPDATE audit_events SET actor = 'eve' WHERE id = $1`, [id]);
}

async function signers(): Promise<string[]> {
  const rows = await audit.database.query<{ key: string; from: string | null }>(
    'SELECT signed_by AS key, handover_from AS from FROM audit_seals ORDER BY number',
  );
  return rows.map(({ key, from }) => (from === null ? nameOf(key) : `${nameOf(from)} to ${nameOf(key)}`));
}

function nameOf(key: string): string {
  const names = { former, current, third };
  return Object.entries(names).find(([, secret]) => instance(secret).keys.currentId === key)?.[0] ?? key;
}

describe('a secret that the settings name as previous', () => {
  it('hands over by itself, and is not needed from then on to check what it signed', async () => {
    const before = await sealed(instance(former), 3);
    await before.record(1);
    const after = instance(current, former);
    await after.record(1);
    expect(await after.takeOver()).toBe(2);
    expect(await signers()).toEqual(['former', 'former to current', 'current']);
    expect(await verdict(current)).toBe('whole');
    await edit(1);
    expect(await verdict(current)).toBe('event_edited');
  });

  it('hands over again and again, and the last secret alone checks all of the log', async () => {
    await sealed(instance(former));
    for (const room of [instance(current, former), instance(third, current)]) {
      await room.record(1);
      await room.takeOver();
    }
    expect(await signers()).toEqual(['former', 'former to current', 'current', 'current to third', 'third']);
    expect(await verdict(third)).toBe('whole');
    await edit(0);
    expect(await verdict(third)).toBe('event_edited');
  });

  it('hands over although it signed events alone, or seals from before handovers were recorded', async () => {
    await instance(former).record(1);
    const after = instance(current, former);
    expect(await after.seal()).toBe(1);
    expect(await verdict(current)).toBe('whole');
    await audit.empty();

    // An older version went on under the next key without a record.
    await sealed(instance(former));
    const older = instance(current, former);
    await older.record(1);
    await appendSeal(older);
    expect(await signers()).toEqual(['former', 'current']);
    expect([await verdict(current, former), await verdict(current)]).toEqual(['whole', 'seal_key']);
    await sealed(instance(current, former));
    expect(await signers()).toEqual(['former', 'current', 'former to current', 'current']);
    expect(await verdict(current)).toBe('whole');
  });

  it('may become current again', async () => {
    await sealed(instance(former));
    for (const room of [instance(current, former), instance(former, current)]) {
      await room.record(1);
      await room.takeOver();
    }
    expect(await signers()).toEqual([
      'former',
      'former to current',
      'current',
      'current to former',
      'former',
    ]);
    expect([await verdict(former), await verdict(former, current)]).toEqual(['whole', 'whole']);
  });

  it('goes on sealing while an instance under it runs, and writes events until a day after the handover', async () => {
    const [old, young] = [instance(former), instance(current, former)];
    await sealed(old);
    await young.record(1);
    expect(await young.seal()).toBe(0);
    young.clock.move(5000);
    expect(await young.seal()).toBe(0);
    expect(await old.seal()).toBe(1);
    young.clock.move(5000);
    await young.record(1);
    expect(await young.seal()).toBe(0);
    expect(await signers()).toEqual(['former', 'former']);
    expect(await young.takeOver()).toBe(1);
    expect(await verdict(current)).toBe('whole');

    // The old instance does not know the new key. It accepts the handover, which its own key signed, and seals no more.
    await old.record(1);
    expect(await old.seal()).toBe(0);
    expect(old.chain.alarm).toBeNull();
    await young.seal();
    expect(await verdict(current)).toBe('whole');

    young.clock.move(2 * DAY_MS);
    await old.record(1);
    await young.seal();
    expect(await verdict(current)).toBe('event_forged');
    expect(await verdict(current, former)).toBe('whole');
  });

  it('makes an instance raise the alarm that does not know the key and that no other instance seals for', async () => {
    const old = await sealed(instance(former));
    const young = instance(current, former);
    await young.record(1);
    await young.takeOver();
    await old.record(1);
    await old.seal();
    old.clock.move(60_000);
    expect(await old.seal()).toBe(0);
    expect(old.chain.alarm).toMatchObject({ kind: 'seal_key' });
    expect(await young.seal()).toBe(1);
    expect(await old.seal()).toBe(0);
    expect(old.chain.alarm).toBeNull();
  });

  it('cannot seal any more once it was handed over', async () => {
    await sealed(instance(former));
    const young = instance(current, former);
    await young.record(1);
    await young.takeOver();
    // An intruder has the former secret and the database.
    const stolen = instance(former, current);
    await stolen.record(1);
    await appendSeal(stolen);
    expect(await verdict(current)).toBe('seal_signature');
    expect(await verdict(current, former)).toBe('seal_signature');
  });
});

describe('a secret that was removed without being named as previous', () => {
  it('stops the sealing with an alarm, until its handover is written afterwards', async () => {
    await sealed(instance(former), 2);
    const room = instance(current);
    await room.record(1);
    expect(await room.seal()).toBe(0);
    expect(room.chain.alarm).toMatchObject({ kind: 'seal_key', seal: 1 });
    expect(await room.verdict()).toBe('seal_key');

    expect(await room.lateHandovers.write(former)).toMatchObject({ outcome: 'written' });
    expect(await room.verdict()).toBe('whole');
    expect(await room.seal()).toBe(1);
    expect(room.chain.alarm).toBeNull();
    expect(await signers()).toEqual(['former', 'former to current', 'current']);
    expect(await verdict(current)).toBe('whole');
    await edit(0);
    expect(await verdict(current)).toBe('event_edited');
  });

  it('is handed over once, and no other secret in its place', async () => {
    await sealed(instance(former));
    const room = instance(current);
    await expect(room.lateHandovers.write(third)).resolves.toEqual({ outcome: 'unused' });
    await expect(room.lateHandovers.write(current)).resolves.toEqual({ outcome: 'current' });
    await room.lateHandovers.write(former);
    await expect(room.lateHandovers.write(former)).resolves.toEqual({ outcome: 'present' });
    expect(await signers()).toEqual(['former', 'former to current']);
  });

  it('cannot be handed over where another unknown key signed the end', async () => {
    await sealed(instance(former));
    const between = instance(current, former);
    await between.record(1);
    await between.takeOver();
    await audit.database.query('DELETE FROM audit_seals WHERE handover_from IS NOT NULL');
    await expect(instance(third).lateHandovers.write(former)).rejects.toMatchObject({
      fault: { kind: 'seal_key' },
    });
    await audit.empty();
    await sealed(instance(former));
    const again = instance(current, former);
    await again.record(1);
    await again.takeOver();
    await instance(third).lateHandovers.write(current);
    expect(await verdict(third)).toBe('whole');
  });
});

describe('the key of the signatures', () => {
  it('comes from the pinned private key where there is no secret', async () => {
    const pinnedKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const pinned = new AuditRoom(audit.dataSource, { algorithm: 'ES256', pinnedKey });
    await sealed(pinned, 2);
    expect(await pinned.verdict()).toBe('whole');
    expect(await verdict(current)).toBe('seal_key');
    const both = new AuditRoom(audit.dataSource, { algorithm: 'ES256', pinnedKey, secret: current });
    expect(await both.verdict()).toBe('whole');
    await both.record(1);
    expect(await both.takeOver()).toBe(1);
    expect(await verdict(current)).toBe('whole');
  });

  it('stays readable after retention dropped the months in which it was handed over', async () => {
    const old = await sealed(instance(former));
    await old.record(1);
    const young = instance(current, former);
    await young.takeOver();
    const [, handover] = await young.seals.page(audit.dataSource.manager, 1, 10);
    if (!handover) throw new Error('no handover');
    expect(await young.seals.deleteThrough(audit.dataSource.manager, 2, 10)).toBe(1);
    expect(await young.seals.handovers(audit.dataSource.manager)).toEqual([handover]);
  });
});
