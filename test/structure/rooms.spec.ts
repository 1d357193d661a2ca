import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { faultOfImport, floorOf, ROOMS } from '../../tools/rooms.js';

/** Maximum of non-blank lines of a room and of rooms that it imports, with the exceptions LARGE and WIDE. */
const LINES_MAX = 1500;
const ARROWS_MAX = 8;
/** Maximum distance in lines between a raw statement and the reason above it. */
const LINES_TO_A_REASON = 8;
const LARGE: ReadonlySet<string> = new Set(['src/cli']);
const WIDE: ReadonlySet<string> = new Set(['src/app', 'src/cli', 'src/parts.list.ts']);

interface Source {
  readonly path: string;
  readonly room: string;
  readonly text: string;
}

const SOURCES: readonly Source[] = ['src', 'migrations', 'packages']
  .flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
  )
  .filter((path) => /\.tsx?$/.test(path) && !/\.spec\.ts$|node_modules|\/dist\//.test(path))
  .map((path) => ({ path, room: ROOMS[floorOf(path)]?.path ?? '', text: readFileSync(path, 'utf8') }));

function importsOf({ text }: Source): string[] {
  return [...text.matchAll(/(?:from|import\()\s*'([^']+)'/g)].map(([, specifier = '']) => specifier);
}

/** The rooms that a room's files import, without the ground rooms that every room may import. */
function arrowsOf(room: string): string[] {
  const targets = SOURCES.filter((source) => source.room === room).flatMap((source) =>
    importsOf(source)
      .filter((specifier) => specifier.startsWith('.'))
      .map((specifier) => join(source.path, '..', specifier).replace(/\.js$/, '.ts'))
      .map((target) => ROOMS[floorOf(target)]?.path ?? ''),
  );
  const others = targets.filter(
    (target) => target !== room && !/^src\/(?:platform|access)|^migrations/.test(target),
  );
  return [...new Set(others)].sort();
}

const OWNERS = new Map(
  ROOMS.flatMap(({ path, tables = [] }) => tables.map((table) => [table, path] as const)),
);
const TABLE_NAMES = [...OWNERS.keys()].join('|');

describe('the rooms of rooms.json', () => {
  it('have a room for every file', () => {
    expect(SOURCES.filter(({ room }) => room === '').map(({ path }) => path)).toEqual([]);
  });

  it('each have a file', () => {
    expect(
      ROOMS.map(({ path }) => path).filter((path) => !SOURCES.some(({ room }) => room === path)),
    ).toEqual([]);
  });

  it('import only rooms on lower floors', () => {
    const faults = SOURCES.flatMap((source) =>
      importsOf(source).map((specifier) => faultOfImport(source.path, specifier)),
    );
    expect(faults.filter((fault) => fault !== undefined)).toEqual([]);
  });

  it('import only their own repositories', () => {
    const foreign = SOURCES.flatMap((source) =>
      importsOf(source)
        .filter((specifier) => specifier.endsWith('.repository.js'))
        .map((specifier) => join(source.path, '..', specifier).replace(/\.js$/, '.ts'))
        .filter((target) => ROOMS[floorOf(target)]?.path !== source.room)
        .map((target) => `${source.path} imports ${target}`),
    );
    expect(foreign).toEqual([]);
  });

  it('have no constructor with more than eight parameters', () => {
    const wide = SOURCES.flatMap(({ path, text }) =>
      [...text.matchAll(/\bconstructor\(([^{]*?)\)\s*\{/g)]
        .filter(
          ([, parameters = '']) =>
            parameters.split(/,\s*\n|,(?![^(<]*[)>])/).filter((one) => one.trim()).length > 8,
        )
        .map(() => path),
    );
    expect(wide).toEqual([]);
  });

  it('give a reason for every raw statement', () => {
    const silent = SOURCES.filter(({ path }) => path.startsWith('src/')).flatMap(({ path, text }) => {
      if (/\/\*\*[^/]*\bRaw: /.test(text)) return [];
      const lines = text.split('\n');
      return lines.flatMap((line, index) => {
        if (!/\.query\(/.test(line)) return [];
        const before = lines.slice(Math.max(0, index - LINES_TO_A_REASON), index);
        return before.some((one) => one.includes('// Raw: ')) ? [] : [`${path}:${index + 1}`];
      });
    });
    expect(silent).toEqual([]);
  });

  it('list every table of another room that their SQL reads', () => {
    const statement = new RegExp(`\\b(?:FROM|JOIN|INTO|UPDATE|TABLE)\\s+(${TABLE_NAMES})\\b`, 'g');
    const foreign = SOURCES.filter(({ path }) => path.startsWith('src/')).flatMap(({ room, text }) =>
      [...text.matchAll(statement)]
        .map(([, table = '']) => table)
        .filter((table) => OWNERS.get(table) !== room)
        .map((table) => `${room} reads ${table}`),
    );
    const named = ROOMS.flatMap(({ path, uses = [] }) => uses.map((table) => `${path} reads ${table}`));
    expect([...new Set(foreign)].sort()).toEqual(named.sort());
  });

  it('read only tables of rooms on lower floors', () => {
    const upwards = ROOMS.flatMap(({ path, uses = [] }) =>
      uses
        .filter((table) => floorOf(OWNERS.get(table) ?? '') <= floorOf(path))
        .map((table) => `${path} reads ${table}`),
    );
    expect(upwards).toEqual([]);
  });

  it.each(ROOMS.map(({ path }) => path).filter((path) => path.startsWith('src/')))(
    '%s has few lines and imports few rooms',
    (room) => {
      const lines = SOURCES.filter((source) => source.room === room).reduce(
        (sum, { text }) => sum + text.split('\n').filter((line) => line.trim() !== '').length,
        0,
      );
      if (!LARGE.has(room)) expect(lines).toBeLessThanOrEqual(LINES_MAX);
      if (!WIDE.has(room)) expect(arrowsOf(room).length).toBeLessThanOrEqual(ARROWS_MAX);
    },
  );
});
