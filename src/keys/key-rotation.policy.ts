/** When a key does what; milliseconds since the Unix epoch. */
export interface KeyTimes {
  /** From here on it signs; it is published and verifies before that already. */
  readonly activeFrom: number;
  /** When its successor takes over; null while none is planned. */
  readonly activeUntil: number | null;
  /** When the last token it signed has expired; null while it signs. */
  readonly verifyUntil: number | null;
  readonly compromisedAt: number | null;
}

/** - `next`: published, does not sign yet. - `active`: signs. - `retiring`: verifies. - `gone`: forgotten. */
export type KeyState = 'next' | 'active' | 'retiring' | 'gone';

/** The state of a key at a time. It follows from the times alone, so that all instances agree without talking. */
export function keyState(key: KeyTimes, now: number): KeyState {
  if (key.verifyUntil !== null && now >= key.verifyUntil) return 'gone';
  if (key.activeUntil !== null && now >= key.activeUntil) return 'retiring';
  return now < key.activeFrom ? 'next' : 'active';
}

/** Whether the key is published (RFC 7517): everything a verifier may meet, and nothing that anybody else may sign with. */
export function isPublished(key: KeyTimes, now: number): boolean {
  return key.compromisedAt === null && keyState(key, now) !== 'gone';
}

/**
 * Whether the active key should get a successor now: so early that the successor has been published for `leadMs` when
 * the active key has signed for `rotationMs`.
 */
export function isDue(active: KeyTimes, now: number, rotationMs: number, leadMs: number): boolean {
  return active.activeUntil === null && now >= active.activeFrom + rotationMs - leadMs;
}

/**
 * Whether a key can be dropped for good. One of the settings cannot while they name it: whoever has it would go on
 * signing with it, and so would we.
 */
export function mayBeDropped(key: KeyTimes & { readonly source: string }, now: number): boolean {
  return key.source === 'ring' || keyState(key, now) === 'retiring';
}
