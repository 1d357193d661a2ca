export interface Rounds {
  /** Beside the other tests, where it is only to be seen that it still works. Once, where nothing is said. */
  readonly short?: number;
  readonly usual: number;
  /** As often as the service has to withstand it before a release. */
  readonly full: number;
}

/**
 * How often something is done: what is usual, or what `CHAOS_ROUNDS` says, which is `short`, `full` or a number.
 * docs/operations.md has what came of `full`.
 * @throws Error where the variable is anything else
 */
export function rounds({ short = 1, usual, full }: Rounds): number {
  const asked = process.env['CHAOS_ROUNDS'] ?? '';
  if (asked === '') return usual;
  if (asked === 'short') return short;
  if (asked === 'full') return full;
  if (!/^[1-9]\d*$/.test(asked)) throw new Error('CHAOS_ROUNDS must be a number, "short" or "full"');
  return Number(asked);
}
