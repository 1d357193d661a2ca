import { createHash } from 'node:crypto';
import type { AuditKeys } from './audit-keys.js';

/** The transactions `from` (inclusive) to `to` (exclusive) of an era. */
export interface TransactionRange {
  readonly era: number;
  readonly from: string;
  readonly to: string;
}

/** The record of a drop by retention: all events of older months, and the seals up to a number with their last hash. */
export interface Dropped {
  readonly through: number;
  readonly hash: Buffer;
  /** The first month that is kept: `2026-01`. */
  readonly before: string;
}

/** The record of a change of keys: the key that signs no seal from here on, encrypted under the key that follows it. */
export interface Handover {
  readonly from: string;
  readonly wrappedKey: Buffer;
}

/**
 * One link of the chain. It states that exactly these events of this month, in this order, belong to a range of
 * transactions. Or it covers no event and records a drop by retention or a change of keys.
 */
export interface SealContent extends TransactionRange {
  readonly number: number;
  /** The month of the events. A batch across the turn of a month makes two seals, so that a month can be dropped whole. */
  readonly month: string | null;
  readonly eventIds: readonly string[];
  readonly eventsHash: Buffer;
  readonly dropped: Dropped | null;
  readonly handover: Handover | null;
  /** The hash of the seal before: the link of the chain. */
  readonly previousHash: Buffer;
  readonly createdAt: Date;
  readonly signedBy: string;
}

export interface Seal extends SealContent {
  readonly hash: Buffer;
  readonly signature: Buffer;
  /** The signature by the key that was handed over; null for any other seal. */
  readonly formerSignature: Buffer | null;
}

/** The content of a seal, without its place in the chain. */
export type NewSeal = Omit<SealContent, 'number' | 'previousHash' | 'signedBy'>;

/** The end of the chain, small enough to keep elsewhere. A kept checkpoint shows whether the end was cut off. */
export interface Checkpoint {
  readonly number: number;
  readonly hash: Buffer;
}

/** The part of a seal that the next seal needs. */
export interface ChainEnd extends Checkpoint, TransactionRange {
  /** The id of the key that signed the end; null where there is no seal yet. */
  readonly signedBy: string | null;
}

/** The predecessor of the first seal. */
export const CHAIN_START: ChainEnd = {
  number: 0,
  hash: Buffer.alloc(32),
  era: 0,
  from: '0',
  to: '0',
  signedBy: null,
};

/** The hash of no event, for seals that cover none. */
const NO_EVENTS = createHash('sha256').digest();

/** The content of a seal that covers no event: the record of a drop or of a change of keys. */
export function recordAt(
  end: TransactionRange,
  createdAt: Date,
  record: Partial<Pick<SealContent, 'dropped' | 'handover'>>,
): NewSeal {
  const none = { month: null, eventIds: [], eventsHash: NO_EVENTS, dropped: null, handover: null };
  return { era: end.era, from: end.to, to: end.to, createdAt, ...none, ...record };
}

/** Makes the seal that follows `end`, signed by the current key and, for a change of keys, by the former one. */
export function nextSeal(end: Checkpoint, content: NewSeal, keys: AuditKeys): Seal {
  const whole = { ...content, number: end.number + 1, previousHash: end.hash, signedBy: keys.currentId };
  const hash = sealHash(whole);
  const from = content.handover?.from;
  return {
    ...whole,
    hash,
    signature: keys.signSeal(hash),
    formerSignature: from === undefined ? null : keys.signSeal(hash, from),
  };
}

/** The hash over everything that a seal states. Texts of former versions keep their hashes. */
export function sealHash(seal: SealContent): Buffer {
  const { number, era, from, to, month, eventIds, eventsHash, dropped, handover, previousHash } = seal;
  const text = JSON.stringify([
    handover ? 'latchkey audit seal 2' : 'latchkey audit seal 1',
    number,
    era,
    from,
    to,
    month,
    eventIds,
    eventsHash.toString('base64url'),
    dropped && [dropped.through, dropped.hash.toString('base64url'), dropped.before],
    previousHash.toString('base64url'),
    seal.createdAt.getTime(),
    seal.signedBy,
    ...(handover ? [handover.from, handover.wrappedKey.toString('base64url')] : []),
  ]);
  return createHash('sha256').update(text).digest();
}

/** A checkpoint as text, `12:…`, as the log and `audit verify` print it. */
export function checkpointText({ number, hash }: Checkpoint): string {
  return `${number}:${hash.toString('base64url')}`;
}

/** Parses a checkpoint; undefined where the text is none. */
export function parseCheckpoint(text: string): Checkpoint | undefined {
  const [, number, hash] = /^(\d{1,15}):([\w-]{43})$/.exec(text) ?? [];
  if (number === undefined || hash === undefined) return undefined;
  return { number: Number(number), hash: Buffer.from(hash, 'base64url') };
}

/** Whether two checkpoints name the same seal. */
export function isSameSeal(one: Checkpoint, other: Checkpoint): boolean {
  return one.number === other.number && one.hash.equals(other.hash);
}
