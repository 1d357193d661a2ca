/** A command: what it is called with, and its exit status. */
export type Command = (args: readonly string[], options: CommandOptions) => Promise<number>;

export interface CommandOptions {
  readonly plan: boolean;
  readonly json: boolean;
  /** The `kid` of a key to drop. */
  readonly compromised?: string | undefined;
  /** Where the running service answers. */
  readonly url?: string | undefined;
  /** Looks and changes nothing. */
  readonly dryRun: boolean;
  /** The e-mail address of the user whose password has to verify. */
  readonly prove?: string | undefined;
  readonly withoutProof: boolean;
  /** `csv` or `ndjson`; by the file's name where absent. */
  readonly format?: string | undefined;
  /** The file with the hash parameters of a Firebase project. */
  readonly firebase?: string | undefined;
}
