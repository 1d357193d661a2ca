/** The state of a session's row; times in milliseconds since the Unix epoch. */
export interface RotationState {
  readonly generation: number;
  readonly parentGeneration: number | null;
  /** When the live generation was issued. */
  readonly rotatedAt: number;
  /** When the parent was consumed: earlier than `rotatedAt` if its first successor was replaced unused. */
  readonly parentConsumedAt: number;
  readonly expiresAt: number;
  readonly revoked: boolean;
}

/**
 * - `rotate`: the live token is presented for the first time. A successor takes its place.
 * - `replay`: its parent is presented again within the reuse window. The answer is the same successor, so that a retry, a
 *   second tab or a lost answer does no harm.
 * - `replace`: its parent is presented again later, at most `lostAnswerMs` after it was consumed, and the successor was
 *   never used, so its answer was lost. A new successor voids the unused one.
 * - `reuse`: any other token was consumed or voided before. Two parties hold the session, so it must end.
 * - `revoked`, `expired`: the session is over.
 */
export type RotationDecision = 'rotate' | 'replay' | 'replace' | 'reuse' | 'revoked' | 'expired';

/** How long a consumed parent is still answered, in milliseconds. With both at 0 it never is. */
export interface RotationLimits {
  /** After a rotation: with the same successor. */
  readonly reuseWindowMs: number;
  /** After the parent was consumed: with a new successor. */
  readonly lostAnswerMs: number;
}

/**
 * Judges a presented refresh token by its generation. Pure: the repository repeats the same conditions in one atomic
 * statement, and the service calls this only to learn why that statement did not apply.
 *
 * At most one generation is live at any time. The presented generation equals `parentGeneration` only while the live
 * token was never presented, because presenting the live token makes it the parent.
 */
export function decideRotation(
  state: RotationState,
  presentedGeneration: number,
  now: number,
  { reuseWindowMs, lostAnswerMs }: RotationLimits,
): RotationDecision {
  if (state.revoked) return 'revoked';
  if (state.expiresAt <= now) return 'expired';
  if (presentedGeneration === state.generation) return 'rotate';
  if (presentedGeneration !== state.parentGeneration) return 'reuse';
  if (reuseWindowMs === 0 && lostAnswerMs === 0) return 'reuse';
  // A rotation ahead of this instance's clock has just happened on another instance.
  if (now - state.rotatedAt <= reuseWindowMs) return 'replay';
  return now - state.parentConsumedAt <= lostAnswerMs ? 'replace' : 'reuse';
}
