/** The times of a key's life; milliseconds since the Unix epoch. */
export interface KeyTimes {
  /** When it begins to sign. It is published and verifies earlier. */
  readonly activeFrom: number;
  /** When its successor begins to sign; null while no successor is planned. */
  readonly activeUntil: number | null;
  /** When the last token it signed has expired; null while no successor is planned. */
  readonly verifyUntil: number | null;
  readonly compromisedAt: number | null;
}

/**
 * - `next`: published, does not sign yet.
 * - `active`: signs.
 * - `retiring`: only verifies.
 * - `gone`: its tokens have expired, so it does not verify any more.
 */
export type KeyState = 'next' | 'active' | 'retiring' | 'gone';

/** The state of a key at a time. It follows from the key's times alone, so that all instances agree. */
export function keyState(key: KeyTimes, now: number): KeyState {
  if (key.verifyUntil !== null && now >= key.verifyUntil) return 'gone';
  if (key.activeUntil !== null && now >= key.activeUntil) return 'retiring';
  return now < key.activeFrom ? 'next' : 'active';
}

/** Whether the key is in the published key set (RFC 7517): every key that verifies, except compromised keys. */
export function isPublished(key: KeyTimes, now: number): boolean {
  return key.compromisedAt === null && keyState(key, now) !== 'gone';
}

/**
 * Whether the active key should get a successor now: early enough that the successor has been published for `leadMs` when
 * the active key has signed for `rotationMs`.
 */
export function isDue(active: KeyTimes, now: number, rotationMs: number, leadMs: number): boolean {
  return active.activeUntil === null && now >= active.activeFrom + rotationMs - leadMs;
}

/**
 * Whether a key can be dropped at once. A key that the settings name cannot: this service and anybody who knows the key
 * would go on signing with it.
 */
export function mayBeDropped(key: KeyTimes & { readonly source: string }, now: number): boolean {
  return key.source === 'ring' || keyState(key, now) === 'retiring';
}
