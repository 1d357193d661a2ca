import { promisify } from 'node:util';
import { deflateRaw } from 'node:zlib';
import type { KeyConfig } from '../platform/config/config.js';
import { BackupFault, MAGIC, type BackupHeader, type BackupTable } from './backup-header.js';
import { SealChain } from './backup-seal.js';

/** Rows are compressed in pieces of this many bytes. */
export const PIECE = 1_048_576;

/** The parts of a backup, after the header. */
export const PART = { table: 1, rows: 2, end: 3 } as const;
/** A kind (1 byte) and a length (4 bytes), before the content and its tag. */
export const PART_HEAD = 5;

const compress = promisify(deflateRaw);
const NOTHING = Buffer.alloc(0);

/**
 * The bytes of a backup. A line names the format; a line of JSON is the header, and its tag in hexadecimal is the third
 * line. Then for each table a part that begins it and parts with its rows, as COPY writes them, compressed; at last a part
 * that ends the backup.
 * @param rowsOf the rows of a table
 */
export async function* backupBytes(
  header: BackupHeader,
  config: KeyConfig,
  rowsOf: (table: BackupTable) => AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
  const seal = SealChain.under(config, header);
  if (!seal) throw new BackupFault('the header names another secret');
  const head = Buffer.from(`${MAGIC}${JSON.stringify(header)}\n`);
  yield Buffer.concat([head, Buffer.from(`${seal.next(head).toString('hex')}\n`)]);
  for (const table of header.tables) {
    yield part(seal, PART.table, NOTHING);
    for await (const piece of inPieces(rowsOf(table))) yield part(seal, PART.rows, await compress(piece));
  }
  yield part(seal, PART.end, NOTHING);
}

function part(seal: SealChain, kind: number, content: Buffer): Buffer {
  const head = Buffer.alloc(PART_HEAD);
  head.writeUInt8(kind);
  head.writeUInt32BE(content.length, 1);
  return Buffer.concat([head, content, seal.next(head, content)]);
}

/** COPY hands out single rows; compressed each for itself they would stay large. */
async function* inPieces(rows: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let kept: Buffer[] = [];
  let length = 0;
  for await (const chunk of rows) {
    for (let from = 0; from < chunk.length; from += PIECE) {
      const slice = chunk.subarray(from, from + PIECE);
      if (length + slice.length > PIECE) {
        yield Buffer.concat(kept);
        [kept, length] = [[], 0];
      }
      kept.push(slice);
      length += slice.length;
    }
  }
  if (length > 0) yield Buffer.concat(kept);
}
