/** What the session's row says; times in milliseconds since the Unix epoch. */
export interface RotationState {
  readonly generation: number;
  readonly parentGeneration: number | null;
  /** When the live generation was issued, which is when its parent was consumed. */
  readonly rotatedAt: number;
  readonly expiresAt: number;
  readonly revoked: boolean;
}

/**
 * - `rotate`: the live token, presented for the first time: a successor takes its place.
 * - `replay`: its parent again, soon after: the same successor, so that a retry, a second tab or a lost answer does
 *   no harm.
 * - `replace`: its parent again, later: the answer never arrived, so a fresh successor voids the one nobody used.
 * - `reuse`: anything else was consumed or voided before. Two parties hold the session: it must end.
 * - `revoked`, `expired`: the session is over.
 */
export type RotationDecision = 'rotate' | 'replay' | 'replace' | 'reuse' | 'revoked' | 'expired';

/**
 * Judges a presented refresh token by its generation. Pure: storage repeats the same conditions in one atomic
 * statement, and asks here only why that statement did not apply.
 *
 * At most one generation is live at any time. `parentGeneration` is the presented one only while the live token was
 * never presented itself, because presenting that makes it the parent.
 * @param reuseWindowMs how long after a rotation the parent is still answered with the same successor
 */
export function decideRotation(
  state: RotationState,
  presentedGeneration: number,
  now: number,
  reuseWindowMs: number,
): RotationDecision {
  if (state.revoked) return 'revoked';
  if (state.expiresAt <= now) return 'expired';
  if (presentedGeneration === state.generation) return 'rotate';
  if (presentedGeneration !== state.parentGeneration) return 'reuse';
  // A rotation that lies ahead of this instance's clock happened just now on another.
  return now - state.rotatedAt <= reuseWindowMs ? 'replay' : 'replace';
}
