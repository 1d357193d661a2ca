/** The state of a session's row; times in milliseconds since the Unix epoch. */
export interface RotationState {
  readonly generation: number;
  readonly parentGeneration: number | null;
  /** When the live generation was issued, which is when its parent was consumed. */
  readonly rotatedAt: number;
  readonly expiresAt: number;
  readonly revoked: boolean;
}

/**
 * - `rotate`: the live token is presented for the first time. A successor takes its place.
 * - `replay`: its parent is presented again within the reuse window. The answer is the same successor, so that a retry, a
 *   second tab or a lost answer does no harm.
 * - `replace`: its parent is presented again later, and the successor was never used, so its answer was lost. A new
 *   successor voids the unused one.
 * - `reuse`: any other token was consumed or voided before. Two parties hold the session, so it must end.
 * - `revoked`, `expired`: the session is over.
 */
export type RotationDecision = 'rotate' | 'replay' | 'replace' | 'reuse' | 'revoked' | 'expired';

/**
 * Judges a presented refresh token by its generation. Pure: the repository repeats the same conditions in one atomic
 * statement, and the service calls this only to learn why that statement did not apply.
 *
 * At most one generation is live at any time. The presented generation equals `parentGeneration` only while the live
 * token was never presented, because presenting the live token makes it the parent.
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
  // A rotation ahead of this instance's clock has just happened on another instance.
  return now - state.rotatedAt <= reuseWindowMs ? 'replay' : 'replace';
}
