import { parse } from 'dotenv';
import type { ConfigProblem } from './env.schema.js';

/** A line that sets a name, as dotenv reads it. */
const ASSIGNMENT = /^\s*(?:export\s+)?([\w.-]+)\s*=(.*)$/;

/** Names whose unquoted value ends at a `#` that is part of it: `KEY=abc#def` is read as `abc`. */
export function cutValues(text: string): ConfigProblem[] {
  const parsed = parse(text);
  const cut = text.split(/\r?\n/).flatMap((line) => {
    const [, name = '', value = ''] = ASSIGNMENT.exec(line) ?? [];
    const at = value.indexOf('#');
    // A space before it makes a comment.
    const isCut = at >= 0 && !/\s$/.test(value.slice(0, at));
    // A quoted value is parsed whole.
    return isCut && parsed[name] === value.slice(0, at).trim() ? [name] : [];
  });
  const message = 'has a # in its value, which ends there: put the value between quotation marks';
  return [...new Set(cut)].map((setting) => ({ setting, message }));
}

/**
 * Names that are nearly a setting.
 * @param careful for the process environment, which holds the variables of many programs: short names are left out
 */
export function misspelledNames(
  given: readonly string[],
  settings: ReadonlySet<string>,
  careful: boolean,
): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  for (const name of given) {
    if (settings.has(name) || (careful && !/^.{3,}_.{3,}$/.test(name))) continue;
    const meant = nearest(name.toUpperCase(), settings, careful);
    if (meant === undefined || given.includes(meant)) continue;
    problems.push({ setting: name, message: `is no setting and is ignored; did you mean ${meant}?` });
  }
  return problems;
}

function nearest(name: string, settings: ReadonlySet<string>, careful: boolean): string | undefined {
  const most = name.length < (careful ? 12 : 6) ? 1 : 2;
  let found: { readonly setting: string; readonly distance: number } | undefined;
  for (const setting of settings) {
    if (Math.abs(setting.length - name.length) > most) continue;
    const distance = editDistance(name, setting);
    if (distance <= most && distance < (found?.distance ?? Infinity)) found = { setting, distance };
  }
  return found?.setting;
}

/** The number of insertions, deletions, substitutions and swaps of neighbours that make `b` of `a`. */
export function editDistance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, column) => column)];
  for (let i = 1; i <= a.length; i++) {
    const [above = [], before = []] = [rows[i - 1], rows[i - 2]];
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped =
        i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? before[j - 2]! + 1 : Infinity;
      row.push(Math.min(substituted, above[j]! + 1, row[j - 1]! + 1, swapped));
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}
