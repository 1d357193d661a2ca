/** A room of rooms.json: its folder or file, the tables it owns, and the tables of other rooms that its SQL reads. */
export interface Room {
  readonly path: string;
  readonly tables?: readonly string[];
  readonly uses?: readonly string[];
}

export const ROOMS: readonly Room[];
export function pathInHouse(file: string): string;
export function floorOf(path: string): number;
export function faultOfImport(path: string, specifier: string): string | undefined;
