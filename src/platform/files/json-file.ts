import type { FileHandle } from 'node:fs/promises';
import { bytesOf, CHUNK, parsedJson, RECORD_MAX } from './file-bytes.js';
import type { FileRow } from './record-file.js';

/** The member of an object that holds the records, as Firebase and Keycloak export them. */
const CONTAINER = 'users';
/** A depth that is never reached, for the rest of an object after its records. */
const NO_MORE = Infinity;
const [QUOTE, BACKSLASH, NEWLINE] = [0x22, 0x5c, 0x0a];
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_ARRAY, CLOSE_ARRAY] = [0x7b, 0x7d, 0x5b, 0x5d];

/**
 * The records of a JSON document: the elements of its array, or of the array `users` of its object, or the objects that
 * follow one another. Only one record at a time is in memory.
 */
export async function* jsonRecords(file: FileHandle): AsyncGenerator<FileRow[]> {
  const scanner = new RecordScanner();
  for await (const bytes of bytesOf(file)) {
    for (const byte of bytes) scanner.see(byte);
    if (scanner.rows.length >= CHUNK) yield scanner.take();
  }
  scanner.end();
  yield scanner.take();
}

/** Finds where records begin and end, by brackets and quotes alone; each record is then parsed as a whole. */
class RecordScanner {
  rows: FileRow[] = [];
  private line = 1;
  private depth = 0;
  /** The depth at which objects are records: 0, or 1 in an array, or 2 in the array `users` of an object. */
  private recordDepth = 0;
  private inString = false;
  private escaped = false;
  /** The string that ended last, for the name of a member. */
  private name: number[] = [];
  private record: number[] | undefined;
  private tooLong = false;

  take(): FileRow[] {
    const rows = this.rows;
    this.rows = [];
    return rows;
  }

  see(byte: number): void {
    if (byte === NEWLINE) this.line++;
    this.keep(byte);
    if (this.inString) this.seeInString(byte);
    else if (byte === QUOTE) [this.inString, this.name] = [true, []];
    else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) this.open(byte);
    else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) this.close(byte);
  }

  /** A record that is not closed is refused. */
  end(): void {
    if (this.record) this.rows.push({ line: this.line, fields: undefined });
  }

  private seeInString(byte: number): void {
    if (this.escaped) this.escaped = false;
    else if (byte === BACKSLASH) this.escaped = true;
    else if (byte === QUOTE) this.inString = false;
    else if (this.name.length <= CONTAINER.length) this.name.push(byte);
  }

  private open(byte: number): void {
    if (byte === OPEN_OBJECT && this.depth === this.recordDepth) {
      this.record = [byte];
      this.tooLong = false;
    }
    if (byte === OPEN_ARRAY && this.depth === 0) this.recordDepth = 1;
    if (byte === OPEN_ARRAY && this.depth === 1 && this.isContainer()) {
      // The object is no record: it holds the records.
      [this.recordDepth, this.record] = [2, undefined];
    }
    this.depth++;
  }

  private close(byte: number): void {
    this.depth = Math.max(0, this.depth - 1);
    if (byte === CLOSE_OBJECT && this.record && this.depth === this.recordDepth) {
      const fields = this.tooLong ? undefined : parsedJson(Buffer.from(this.record).toString());
      this.rows.push({ line: this.line, fields });
      this.record = undefined;
    }
    if (byte === CLOSE_ARRAY && this.depth < this.recordDepth) this.recordDepth = NO_MORE;
    if (this.depth === 0) this.recordDepth = 0;
  }

  private isContainer(): boolean {
    return this.recordDepth === 0 && Buffer.from(this.name).toString() === CONTAINER;
  }

  private keep(byte: number): void {
    if (!this.record || this.tooLong) return;
    if (this.record.length < RECORD_MAX) this.record.push(byte);
    else [this.tooLong, this.record] = [true, []];
  }
}
