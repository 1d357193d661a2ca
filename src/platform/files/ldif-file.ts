import type { FileHandle } from 'node:fs/promises';
import { CHUNK, linesOf, NOT_UTF8, RECORD_MAX } from './file-bytes.js';
import type { FileRow } from './record-file.js';

/** The attributes of an entry by their names in lower case; each has at least one value. */
export type LdifEntry = Readonly<Record<string, readonly string[]>>;

const ATTRIBUTE = /^([A-Za-z0-9.-]+)(?:;[^:]*)?:(:?)\s*(.*)$/;

/** The entries of an LDIF file (RFC 2849), which empty lines separate. Values from other files (`:<`) are refused. */
export async function* ldifRecords(file: FileHandle): AsyncGenerator<FileRow[]> {
  let line = 0;
  let entry: string[] = [];
  let rows: FileRow[] = [];
  const flush = (): void => {
    if (entry.length > 0) rows.push({ line, fields: entryOf(entry) });
    entry = [];
  };
  for await (const text of linesOf(file)) {
    line++;
    const written = text?.replace(/\r$/, '');
    if (written === '') flush();
    // A line that begins with a space goes on with the one before.
    else if (written?.startsWith(' ') && entry.length > 0)
      entry.push(`${entry.pop() ?? ''}${written.slice(1)}`);
    else if (!written?.startsWith('#')) entry.push(written ?? NOT_UTF8);
    if (rows.length < CHUNK) continue;
    yield rows;
    rows = [];
  }
  flush();
  yield rows;
}

/** Undefined for an entry that cannot be read. */
function entryOf(lines: readonly string[]): LdifEntry | undefined {
  if (lines.reduce((length, { length: more }) => length + more, 0) > RECORD_MAX) return undefined;
  const attributes: Record<string, string[]> = {};
  for (const line of lines) {
    const [, name, isBase64, value = ''] = ATTRIBUTE.exec(line) ?? [];
    const text = isBase64 ? Buffer.from(value, 'base64').toString() : value;
    if (name === undefined || value.startsWith('<') || text.includes(NOT_UTF8)) return undefined;
    (attributes[name.toLowerCase()] ??= []).push(text);
  }
  return attributes['dn'] ? attributes : {};
}
