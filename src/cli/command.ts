/** A command: what it is called with, and its exit status. */
export type Command = (args: readonly string[], options: CommandOptions) => Promise<number>;

export interface CommandOptions {
  readonly plan: boolean;
  readonly json: boolean;
  /** The `kid` of a key to drop. */
  readonly compromised?: string | undefined;
  /** Where the running service answers. */
  readonly url?: string | undefined;
}
