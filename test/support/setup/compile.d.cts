/**
 * Compiles the TypeScript files of a folder of this repository (e.g. `packages/embedded-postgres/src`) into the same
 * path below `target`, for processes that run without Jest. `packages` becomes their node_modules.
 */
export function compile(source: string, target: string, packages?: string): void;

/** Imports a compiled file with Node's loader instead of Jest's. */
export function load<T>(file: string): Promise<T>;
