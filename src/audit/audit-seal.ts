import { createHash } from 'node:crypto';
import { eventText, type PlacedEvent } from './audit-event.js';
import type { AuditKeys } from './audit.keys.js';

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

/**
 * One link of the chain. It either states that exactly these events of this month, in this order, belong to a range of
 * transactions, or records a drop by retention and covers no event.
 */
export interface SealContent extends TransactionRange {
  readonly number: number;
  /** The month of the events. A batch across the turn of a month makes two seals, so that a month can be dropped whole. */
  readonly month: string | null;
  readonly eventIds: readonly string[];
  readonly eventsHash: Buffer;
  readonly dropped: Dropped | null;
  /** The hash of the seal before: the link of the chain. */
  readonly previousHash: Buffer;
  readonly createdAt: Date;
  readonly signedBy: string;
}

export interface Seal extends SealContent {
  readonly hash: Buffer;
  readonly signature: Buffer;
}

/** The end of the chain, small enough to keep elsewhere. A kept checkpoint shows whether the end was cut off. */
export interface Checkpoint {
  readonly number: number;
  readonly hash: Buffer;
}

/** The part of a seal that the next seal needs. */
export type ChainEnd = Checkpoint & TransactionRange;

/** The predecessor of the first seal. */
export const CHAIN_START: ChainEnd = { number: 0, hash: Buffer.alloc(32), era: 0, from: '0', to: '0' };

/** Makes the seal that follows `end`. */
export function nextSeal(
  end: Checkpoint,
  content: Omit<SealContent, 'number' | 'previousHash' | 'signedBy'>,
  keys: AuditKeys,
): Seal {
  const whole = {
    ...content,
    number: end.number + 1,
    previousHash: end.hash,
    signedBy: keys.currentId,
  };
  const hash = sealHash(whole);
  return { ...whole, hash, signature: keys.signSeal(hash) };
}

export function sealHash(seal: SealContent): Buffer {
  const { number, era, from, to, month, eventIds, eventsHash, dropped, previousHash, createdAt, signedBy } =
    seal;
  const text = JSON.stringify([
    'latchkey audit seal 1',
    number,
    era,
    from,
    to,
    month,
    eventIds,
    eventsHash.toString('base64url'),
    dropped && [dropped.through, dropped.hash.toString('base64url'), dropped.before],
    previousHash.toString('base64url'),
    createdAt.getTime(),
    signedBy,
  ]);
  return createHash('sha256').update(text).digest();
}

/** Hashes the events in their order, each with its place, its signature and its text; no part holds a line break. */
export function hashOfEvents(events: readonly PlacedEvent[]): Buffer {
  const hash = createHash('sha256');
  for (const event of events) {
    const { era, transactionId, signedBy, signature } = event;
    const place = JSON.stringify([era, transactionId, signedBy, signature.toString('base64url')]);
    hash.update(`${place}\n${eventText(event)}\n`);
  }
  return hash.digest();
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
