/**
 * How often something is done: what is usual, `CHAOS_ROUNDS` times where that is a number, or with `CHAOS_ROUNDS=full`
 * as often as the service has to withstand it before a release. docs/operations.md has what came of that.
 * @throws Error where the variable is anything else
 */
export function rounds({ usual, full }: { readonly usual: number; readonly full: number }): number {
  const asked = process.env['CHAOS_ROUNDS'] ?? '';
  if (asked === '') return usual;
  if (asked === 'full') return full;
  if (!/^[1-9]\d*$/.test(asked)) throw new Error('CHAOS_ROUNDS must be a number or "full"');
  return Number(asked);
}
