/** The source of time; tests pass one of their own. */
export interface VerifierClock {
  /** Milliseconds since the Unix epoch; decides whether tokens have expired. */
  now(): number;
  /** Milliseconds since an arbitrary moment. Monotonic: unlike `now` it never goes back. */
  elapsed(): number;
}

export const systemClock: VerifierClock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
};
