import { extname } from 'node:path';
import type { FileHandle } from 'node:fs/promises';
import { csvRecords } from './csv-file.js';
import { jsonRecords } from './json-file.js';
import { ldifRecords } from './ldif-file.js';
import { ndjsonRecords } from './ndjson-file.js';

/** How the records of a file are written. */
export const FILE_KINDS = ['csv', 'ndjson', 'json', 'ldif'] as const;
export type FileKind = (typeof FILE_KINDS)[number];

/** A record of a file; `fields` is undefined if the record could not be parsed. */
export interface FileRow {
  /** The line, counted from 1, on which the record ends. */
  readonly line: number;
  readonly fields: unknown;
}

/** The columns of a CSV file whose first line is a record already, or the rule for the names in its first line. */
export type CsvColumns = readonly string[] | ((names: readonly string[]) => void);

const READERS = { csv: csvRecords, ndjson: ndjsonRecords, json: jsonRecords, ldif: ldifRecords };

/**
 * The records of a file in chunks of a few hundred; each call reads from the beginning.
 * @throws FileFault if the file is not CSV, or its columns are refused
 */
export function readRecords(
  file: FileHandle,
  kind: FileKind,
  columns: CsvColumns,
): AsyncIterable<readonly FileRow[]> {
  return READERS[kind](file, columns);
}

/** The kind of file that a name says; undefined for other names. */
export function kindByName(path: string): FileKind | undefined {
  const extension = extname(path).slice(1).toLowerCase();
  return FILE_KINDS.find((kind) => kind === (extension === 'jsonl' ? 'ndjson' : extension));
}
