import { parse, type Info } from 'csv-parse';
import type { FileHandle } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { FileRow } from '../transfer/users-import.service.js';
import { USER_ROW_FIELDS } from '../transfer/user-row.js';

export const FORMATS = ['csv', 'ndjson'] as const;
export type Format = (typeof FORMATS)[number];

/** Bytes, more than a user can need. A longer line is refused, and not kept in memory. */
const LINE_MAX = 65_536;
const CHUNK = 500;
const NEWLINE = 10;
const BYTE_ORDER_MARK = /^\ufeff/;
/** The replacement for bytes that are not UTF-8. Such a line is refused, because storing it would corrupt a name. */
const NOT_UTF8 = '\ufffd';

/** A file that cannot be used. */
export class FileFault extends Error {}

/**
 * The users of a file in chunks of a few hundred; each call reads from the beginning. A line that is not of the format
 * has undefined fields.
 * @throws FileFault if the header line of a CSV file has an unknown name, or a quote is not closed
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

/** Each line without its line break; undefined for a line longer than LINE_MAX, whose bytes are discarded. */
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

/** Reads by position, because a stream that is not read to its end would close the file. */
async function* bytesOf(file: FileHandle): AsyncGenerator<Buffer> {
  for (let position = 0; ;) {
    const { bytesRead, buffer } = await file.read({ buffer: Buffer.allocUnsafe(LINE_MAX), position });
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

/** Undefined for invalid JSON. The parser's error is dropped, because it quotes the line with its hash. */
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
  // The loop below throws the errors of both.
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
    // An open quote hides the lines after it, so the line number is the last good one. The cause quotes the field.
    throw new FileFault(`the file is not CSV after line ${line} (${code})`, { cause: undefined });
  }
  yield rows;
}

function checkedHeader(record: readonly string[]): string[] {
  const names = record.map((name) => name.trim());
  const unknown = names.filter((name) => !USER_ROW_FIELDS.includes(name));
  if (unknown.length > 0 || !names.includes('email') || new Set(names).size < names.length) {
    throw new FileFault(`the first line must name the columns, out of these: ${USER_ROW_FIELDS.join(', ')}`);
  }
  return names;
}

/** Empty values are absent, and spaces separate roles. Undefined if the line has more or fewer values than the header. */
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
