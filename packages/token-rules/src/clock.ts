/** Where time comes from; a test hands in one that it moves. */
export interface VerifierClock {
  /** Milliseconds since the Unix epoch, which tokens are held against. */
  now(): number;
  /** Milliseconds since any moment; never set back, as `now` may be. */
  elapsed(): number;
}

export const systemClock: VerifierClock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
};
