export interface Rounds {
  /** Number within the test run, which only shows that it still works; default 1. */
  readonly short?: number;
  readonly usual: number;
  /** Number that the service has to withstand before a release. */
  readonly full: number;
}

/**
 * Number of repetitions: the usual one, or `CHAOS_ROUNDS`, which is `short`, `full` or a number. docs/operations.md has
 * the results of `full`.
 * @throws Error if the variable has another value
 */
export function rounds({ short = 1, usual, full }: Rounds): number {
  const asked = process.env['CHAOS_ROUNDS'] ?? '';
  if (asked === '') return usual;
  if (asked === 'short') return short;
  if (asked === 'full') return full;
  if (!/^[1-9]\d*$/.test(asked)) throw new Error('CHAOS_ROUNDS must be a number, "short" or "full"');
  return Number(asked);
}
