import type { FileHandle } from 'node:fs/promises';
import { CHUNK, linesOf, parsedJson } from './file-bytes.js';
import type { FileRow } from './record-file.js';

/** One JSON value on each line. */
export async function* ndjsonRecords(file: FileHandle): AsyncGenerator<FileRow[]> {
  let line = 0;
  let rows: FileRow[] = [];
  for await (const text of linesOf(file)) {
    line++;
    if (text?.trim() === '') continue;
    rows.push({ line, fields: text === undefined ? undefined : parsedJson(text) });
    if (rows.length < CHUNK) continue;
    yield rows;
    rows = [];
  }
  yield rows;
}
