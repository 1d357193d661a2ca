import { parse, type Info } from 'csv-parse';
import type { FileHandle } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { bytesOf, CHUNK, FileFault, linesOf, NOT_UTF8, RECORD_MAX } from './file-bytes.js';
import type { CsvColumns, FileRow } from './record-file.js';

const DELIMITERS = [',', ';', '\t'] as const;

/**
 * The lines of a CSV file by the names of its columns. Commas, semicolons or tabs separate them, as in its first line.
 * An empty value is absent.
 * @throws FileFault if the columns are refused, or a quote is not closed
 */
export async function* csvRecords(file: FileHandle, columns: CsvColumns): AsyncGenerator<FileRow[]> {
  const parser = parse({
    bom: true,
    info: true,
    skip_empty_lines: true,
    relax_column_count: true,
    max_record_size: RECORD_MAX,
    delimiter: await delimiterOf(file),
  });
  // The loop below throws the errors of both.
  pipeline(bytesOf(file), parser).catch((error: Error) => parser.destroy(error));
  const isNamed = typeof columns === 'function';
  let names = isNamed ? undefined : columns;
  let line = 0;
  let rows: FileRow[] = [];
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: Info }>) {
      line = info.lines;
      if (names) rows.push({ line, fields: fieldsOf(names, record, isNamed) });
      else names = checkedNames(record, columns);
      if (rows.length < CHUNK) continue;
      yield rows;
      rows = [];
    }
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (typeof code !== 'string' || !code.startsWith('CSV_')) throw error;
    // An open quote hides the lines after it, so the line number is the last good one. The cause quotes the field.
    throw new FileFault(`the file is not CSV after line ${line} (${code})`, { cause: undefined });
  }
  yield rows;
}

/** The delimiter that the first line has most often. */
async function delimiterOf(file: FileHandle): Promise<string> {
  const { value: first = '' } = await linesOf(file).next();
  const unquoted = (first as string).replace(/"[^"]*"/g, '');
  const times = (delimiter: string): number => unquoted.split(delimiter).length;
  return DELIMITERS.reduce((best, other) => (times(other) > times(best) ? other : best));
}

function checkedNames(record: readonly string[], columns: CsvColumns): string[] {
  const names = record.map((name) => name.trim());
  if (new Set(names).size < names.length) throw new FileFault('the first line names a column twice');
  if (typeof columns === 'function') columns(names);
  return names;
}

/** Undefined if the line has more or fewer values than its first line has names. */
function fieldsOf(names: readonly string[], record: readonly string[], isNamed: boolean): unknown {
  if ((isNamed && record.length !== names.length) || record.some((value) => value.includes(NOT_UTF8)))
    return undefined;
  const present = names.map((name, index) => [name, record[index] ?? ''] as const);
  return Object.fromEntries(present.filter(([, value]) => value !== ''));
}
