/**
 * Compiles the TypeScript files of a folder of this repository (e.g. `src/database/embedded`) into the same
 * place below `target`, for processes that run without Jest. `packages` becomes their node_modules.
 */
export function compile(source: string, target: string, packages?: string): void;

/** Imports a compiled file, past Jest's own loader. */
export function load<T>(file: string): Promise<T>;
