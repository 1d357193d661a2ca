import type { FileHandle } from 'node:fs/promises';

/** Bytes, more than a user can need. A longer record is refused, and not kept in memory. */
export const RECORD_MAX = 65_536;
/** Records that are handed on together. */
export const CHUNK = 500;
const NEWLINE = 10;
const BYTE_ORDER_MARK = /^\ufeff/;
/** The replacement for bytes that are not UTF-8. Such a record is refused, because storing it would corrupt a name. */
export const NOT_UTF8 = '\ufffd';

/** A file that cannot be used. */
export class FileFault extends Error {}

/** Reads by position, because a stream that is not read to its end would close the file. */
export async function* bytesOf(file: FileHandle): AsyncGenerator<Buffer> {
  for (let position = 0; ;) {
    const { bytesRead, buffer } = await file.read({ buffer: Buffer.allocUnsafe(RECORD_MAX), position });
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

/** Each line without its line break; undefined for a line longer than RECORD_MAX, whose bytes are discarded. */
export async function* linesOf(file: FileHandle): AsyncGenerator<string | undefined> {
  let kept: Buffer[] = [];
  let length = 0;
  let isFirst = true;
  const keep = (part: Buffer): void => {
    length += part.length;
    if (length <= RECORD_MAX) kept.push(part);
    else kept = [];
  };
  const line = (): string | undefined => {
    const text = length > RECORD_MAX ? undefined : Buffer.concat(kept).toString();
    [kept, length] = [[], 0];
    if (!isFirst) return text;
    isFirst = false;
    return text?.replace(BYTE_ORDER_MARK, '');
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

/** Undefined for invalid JSON. The parser's error is dropped, because it quotes the record with its hash. */
export function parsedJson(text: string): unknown {
  try {
    return text.includes(NOT_UTF8) ? undefined : (JSON.parse(text) as unknown);
  } catch {
    return undefined;
  }
}
