import { readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** The rooms of rooms.json, from the top floor down. */
export const ROOMS = JSON.parse(readFileSync(join(ROOT, 'rooms.json'), 'utf8')).rooms;

/** A path in the form of rooms.json: from the root of the repository, with slashes. */
export function pathInHouse(file) {
  return relative(ROOT, file).split(sep).join('/');
}

/** The floor of a file, from 0 at the top; -1 if rooms.json has no room for it. */
export function floorOf(path) {
  return ROOMS.findIndex((room) => path === room.path || path.startsWith(`${room.path}/`));
}

/**
 * The fault of an import as a sentence; undefined if the import stays in its room or leads to a lower floor.
 * @param {string} path of the importing file, in the form of {@link pathInHouse}
 * @param {string} specifier of the import
 */
export function faultOfImport(path, specifier) {
  const from = floorOf(path);
  if (from === -1) return `${path} is in no room of rooms.json`;
  const target = targetOf(path, specifier);
  if (target === undefined || (path.endsWith('.spec.ts') && target.startsWith('test/'))) return undefined;
  const to = floorOf(target);
  if (to === -1) return `${target} is in no room of rooms.json`;
  if (to < from) return `${ROOMS[from].path} is below ${ROOMS[to].path} and may not import it (rooms.json)`;
  if (specifier.startsWith('.') && target.startsWith('packages/') && to !== from)
    return 'import a package by its name';
  return undefined;
}

/** The file or package an import leads to, or undefined where that is no part of the house. */
function targetOf(path, specifier) {
  if (specifier.startsWith('@latchkey/')) return `packages/${specifier.slice('@latchkey/'.length)}`;
  if (!specifier.startsWith('.') || specifier.endsWith('.json')) return undefined;
  return join(dirname(path), specifier).split(sep).join('/').replace(/\.js$/, '.ts');
}
