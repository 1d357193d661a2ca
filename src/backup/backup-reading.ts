import { promisify } from 'node:util';
import { inflateRaw } from 'node:zlib';
import type { KeyConfig } from '../platform/config/config.js';
import { BackupFault, BackupHeader, HEADER_MAX, MAGIC, type BackupTable } from './backup-header.js';
import { SealChain, TAG_BYTES } from './backup-seal.js';
import { PART, PART_HEAD, PIECE } from './backup-writing.js';

/** The longest compressed piece, in bytes: deflate adds little where it cannot compress. */
const CONTENT_MAX = PIECE + 65_536;
const NEWLINE = 10;
const DAMAGED = 'the file was changed after the backup, or is damaged; nothing was restored';
const CUT_OFF = 'the file ends before the backup does, so a part of it is missing; nothing was restored';

const decompress = promisify(inflateRaw);

/** A piece of a table's rows; the first piece of a table is empty. */
export interface TablePiece {
  readonly table: BackupTable;
  readonly rows: Buffer;
}

/** Reads a backup. Nothing of it is handed out before its tag was checked. */
export class BackupReading {
  private constructor(
    private readonly bytes: ByteReader,
    private readonly seal: SealChain,
    readonly header: BackupHeader,
  ) {}

  /**
   * Reads and checks the header.
   * @throws BackupFault where the file is no backup of this format, is of another secret, or was changed or cut off
   */
  static async open(chunks: AsyncIterable<Buffer>, config: KeyConfig): Promise<BackupReading> {
    const bytes = new ByteReader(chunks);
    const first = await bytes.line(MAGIC.length);
    if (first?.toString() !== MAGIC) throw new BackupFault(notABackup(first));
    const line = await bytes.line(HEADER_MAX);
    if (!line) throw new BackupFault(CUT_OFF);
    const header = headerOf(line);
    const seal = SealChain.under(config, header);
    if (!seal) throw new BackupFault(otherSecret(header));
    const tag = (await bytes.exactly(2 * TAG_BYTES + 1)).toString('latin1');
    if (!/^[0-9a-f]+\n$/.test(tag) || !seal.matches(Buffer.from(tag, 'hex'), first, line))
      throw new BackupFault(DAMAGED);
    return new BackupReading(bytes, seal, header);
  }

  /**
   * The tables in their order, each as an empty piece and then its rows. The last one is handed out before the end of the
   * file is checked, so the work of the caller counts only once this has ended.
   * @throws BackupFault where the file was changed or cut off
   */
  async *pieces(): AsyncGenerator<TablePiece> {
    const tables = this.header.tables.values();
    let table: BackupTable | undefined;
    for (;;) {
      const { kind, content } = await this.part();
      if (kind === PART.end) break;
      if (kind === PART.table) table = tables.next().value;
      if (!table) throw new BackupFault(DAMAGED);
      const rows = kind === PART.rows ? await decompress(content, { maxOutputLength: PIECE }) : content;
      yield { table, rows };
    }
    if (!tables.next().done || !(await this.bytes.atEnd())) throw new BackupFault(DAMAGED);
  }

  private async part(): Promise<{ kind: number; content: Buffer }> {
    const head = await this.bytes.exactly(PART_HEAD);
    const length = head.readUInt32BE(1);
    if (length > CONTENT_MAX) throw new BackupFault(DAMAGED);
    const content = await this.bytes.exactly(length);
    const tag = await this.bytes.exactly(TAG_BYTES);
    if (!this.seal.matches(tag, head, content)) throw new BackupFault(DAMAGED);
    return { kind: head.readUInt8(), content };
  }
}

function notABackup(line: Buffer | undefined): string {
  return /^latchkey backup \d+\n$/.test(line?.toString() ?? '')
    ? 'the backup was made by a newer version of Latchkey; restore it with that'
    : 'the file is no backup';
}

function otherSecret({ secret }: BackupHeader): string {
  return (
    `the backup belongs to another root secret (fingerprint ${secret}): set the secret that the service had at the time ` +
    'of the backup, or add it to the previous ones; nothing was restored'
  );
}

function headerOf(line: Buffer): BackupHeader {
  try {
    return BackupHeader.parse(JSON.parse(line.toString()));
  } catch {
    throw new BackupFault(DAMAGED);
  }
}

/** Reads exact numbers of bytes of a stream. Keeps no more than one chunk beside what is asked for. */
class ByteReader {
  private readonly chunks: AsyncIterator<Buffer>;
  private chunk: Buffer = Buffer.alloc(0);

  constructor(chunks: AsyncIterable<Buffer>) {
    this.chunks = chunks[Symbol.asyncIterator]();
  }

  /** @throws BackupFault where the stream ends before */
  async exactly(length: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let missing = length; missing > 0;) {
      if (await this.atEnd()) throw new BackupFault(CUT_OFF);
      const part = this.take(Math.min(missing, this.chunk.length));
      parts.push(part);
      missing -= part.length;
    }
    return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
  }

  /** A line with its line break; undefined where none ends within `max` bytes. */
  async line(max: number): Promise<Buffer | undefined> {
    const parts: Buffer[] = [];
    for (let length = 0; length < max && !(await this.atEnd());) {
      const end = this.chunk.indexOf(NEWLINE);
      const part = this.take(end === -1 ? this.chunk.length : end + 1);
      parts.push(part);
      length += part.length;
      if (end !== -1) return length > max ? undefined : Buffer.concat(parts);
    }
    return undefined;
  }

  async atEnd(): Promise<boolean> {
    while (this.chunk.length === 0) {
      const { value, done } = await this.chunks.next();
      if (done) return true;
      this.chunk = value;
    }
    return false;
  }

  private take(length: number): Buffer {
    const part = this.chunk.subarray(0, length);
    this.chunk = this.chunk.subarray(length);
    return part;
  }
}
