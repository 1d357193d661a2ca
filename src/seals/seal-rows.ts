import { z } from 'zod';
import { AuditFaultFound } from './seal-faults.js';
import type { Seal } from './seal.js';

const bytes = z.custom<Buffer>((value) => Buffer.isBuffer(value));
const wholeNumber = z
  .string()
  .regex(/^-?\d{1,15}$/)
  .transform(Number);
const transactionId = z.string().regex(/^\d{1,20}$/);

const Row = z.object({
  number: wholeNumber,
  era: z.int(),
  from: transactionId,
  to: transactionId,
  month: z.string().nullable(),
  eventCount: z.int(),
  eventIds: z.array(z.string()),
  eventsHash: bytes,
  droppedThrough: wholeNumber.nullable(),
  droppedHash: bytes.nullable(),
  droppedBefore: z.string().nullable(),
  handoverFrom: z.string().nullable(),
  handoverKey: bytes.nullable(),
  handoverSignature: bytes.nullable(),
  previousHash: bytes,
  createdAt: z.date(),
  hash: bytes,
  signature: bytes,
  signedBy: z.string(),
});

/**
 * Reads a row of `audit_seals`. The columns are checked one by one, because an intruder in the database can write anything
 * into them, constraints or not.
 * @throws AuditFaultFound for a row that this service cannot have written
 */
export function toSeal(row: unknown): Seal {
  const { success, data } = Row.safeParse(row);
  if (!success) throw broken(row);
  const { droppedThrough, droppedHash, droppedBefore, handoverFrom, handoverKey, eventCount, ...seal } = data;
  const { handoverSignature: formerSignature, ...rest } = seal;
  const isDrop = allOrNone(row, [droppedThrough, droppedHash, droppedBefore]);
  const isHandover = allOrNone(row, [handoverFrom, handoverKey, formerSignature]);
  const records = Number(isDrop) + Number(isHandover);
  const isMark = records > 0;
  if (records > 1 || eventCount !== rest.eventIds.length) throw broken(row);
  if (isMark !== (eventCount === 0) || isMark !== (rest.month === null)) throw broken(row);
  return {
    ...rest,
    dropped:
      droppedThrough !== null && droppedHash && droppedBefore !== null
        ? { through: droppedThrough, hash: droppedHash, before: droppedBefore }
        : null,
    handover: handoverFrom !== null && handoverKey ? { from: handoverFrom, wrappedKey: handoverKey } : null,
    formerSignature,
  };
}

function allOrNone(row: unknown, columns: readonly unknown[]): boolean {
  const set = columns.filter((column) => column !== null).length;
  if (set !== 0 && set !== columns.length) throw broken(row);
  return set > 0;
}

function broken(row: unknown): AuditFaultFound {
  const number = Number((row as { readonly number?: unknown }).number);
  return new AuditFaultFound('seal_broken', { seal: Number.isSafeInteger(number) ? number : undefined });
}
