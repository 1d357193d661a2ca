import { parse, type Info } from 'csv-parse';
import type { FileHandle } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { FileRow } from '../transfer/users-import.service.js';
import { USER_ROW_FIELDS } from '../transfer/user-row.js';

export const FORMATS = ['csv', 'ndjson'] as const;
export type Format = (typeof FORMATS)[number];

/** More than a user can need. In bytes; a longer line is refused, and not kept in memory. */
const LINE_MAX = 65_536;
const CHUNK = 500;
const NEWLINE = 10;
const BYTE_ORDER_MARK = /^\ufeff/;
/** What stands for bytes that are not UTF-8: to store it would change a name for good. */
const NOT_UTF8 = '\ufffd';

/** A file that is not read at all. */
export class FileFault extends Error {}

/**
 * The users of a file, from its beginning and a few hundred at a time; reads again with each call. Lines that are not
 * of the format come without fields.
 * @throws FileFault where the header line of a CSV file has other names than ours, or a quote is not closed
 */
export function readUsers(file: FileHandle, format: Format): AsyncIterable<FileRow[]> {
  return format === 'csv' ? csvRows(file) : ndjsonRows(file);
}

async function* ndjsonRows(file: FileHandle): AsyncGenerator<FileRow[]> {
  let number = 0;
  let rows: FileRow[] = [];
  for await (const line of linesOf(file)) {
    number++;
    const text = number === 1 ? line?.replace(BYTE_ORDER_MARK, '') : line;
    if (text?.trim() === '') continue;
    rows.push({ line: number, fields: text === undefined ? undefined : parsed(text) });
    if (rows.length < CHUNK) continue;
    yield rows;
    rows = [];
  }
  yield rows;
}

/** Each line without its end; undefined for one that is too long, of which no more is kept than that. */
async function* linesOf(file: FileHandle): AsyncGenerator<string | undefined> {
  let kept: Buffer[] = [];
  let length = 0;
  const keep = (part: Buffer): void => {
    length += part.length;
    if (length <= LINE_MAX) kept.push(part);
    else kept = [];
  };
  const line = (): string | undefined => {
    const text = length > LINE_MAX ? undefined : Buffer.concat(kept).toString();
    [kept, length] = [[], 0];
    return text;
  };
  for await (const chunk of bytesOf(file)) {
    let from = 0;
    for (let end; (end = chunk.indexOf(NEWLINE, from)) !== -1; from = end + 1) {
      keep(chunk.subarray(from, end));
      yield line();
    }
    keep(chunk.subarray(from));
  }
  if (length > 0) yield line();
}

/** By position: a stream would close the file where it is not read to its end. */
async function* bytesOf(file: FileHandle): AsyncGenerator<Buffer> {
  for (let position = 0; ;) {
    const { bytesRead, buffer } = await file.read({ buffer: Buffer.allocUnsafe(LINE_MAX), position });
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

/** The error of the parser quotes the line, hash and all; it goes nowhere. */
function parsed(text: string): unknown {
  try {
    return text.includes(NOT_UTF8) ? undefined : (JSON.parse(text) as unknown);
  } catch {
    return undefined;
  }
}

async function* csvRows(file: FileHandle): AsyncGenerator<FileRow[]> {
  const parser = parse({
    bom: true,
    info: true,
    skip_empty_lines: true,
    relax_column_count: true,
    max_record_size: LINE_MAX,
  });
  // The loop below throws what goes wrong in either of them.
  pipeline(bytesOf(file), parser).catch((error: Error) => parser.destroy(error));
  let header: readonly string[] | undefined;
  let line = 0;
  let rows: FileRow[] = [];
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: Info }>) {
      line = info.lines;
      if (header) rows.push({ line, fields: fieldsOf(header, record) });
      else header = checkedHeader(record);
      if (rows.length < CHUNK) continue;
      yield rows;
      rows = [];
    }
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (typeof code !== 'string' || !code.startsWith('CSV_')) throw error;
    // An open quote swallows the lines that follow, so that none of them can be told. The message quotes the field.
    throw new FileFault(`the file is not CSV after line ${line} (${code})`, { cause: undefined });
  }
  yield rows;
}

function checkedHeader(record: readonly string[]): string[] {
  const names = record.map((name) => name.trim());
  const unknown = names.filter((name) => !USER_ROW_FIELDS.includes(name));
  if (unknown.length > 0 || !names.includes('email') || new Set(names).size < names.length) {
    throw new FileFault(`the first line has to name the columns, of these: ${USER_ROW_FIELDS.join(', ')}`);
  }
  return names;
}

/** What is empty is absent; roles are apart by spaces. Undefined where a line has more or fewer fields. */
function fieldsOf(header: readonly string[], record: readonly string[]): unknown {
  if (record.length !== header.length || record.some((value) => value.includes(NOT_UTF8))) return undefined;
  const fields: Record<string, unknown> = {};
  for (const [index, name] of header.entries()) {
    const value = record[index] ?? '';
    if (value === '') continue;
    fields[name] = name === 'roles' ? value.split(' ').filter((role) => role !== '') : value;
  }
  return fields;
}
