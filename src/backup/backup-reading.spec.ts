import { describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import type { KeyConfig } from '../platform/config/config.js';
import type { BackupHeader } from './backup-header.js';
import { BackupReading } from './backup-reading.js';
import { newSalt, secretFingerprint } from './backup-seal.js';
import { backupBytes, PIECE } from './backup-writing.js';

const KEYS: KeyConfig = {
  algorithm: 'ES256',
  secret: undefined,
  previousSecrets: [],
  rootSecret: randomBytes(32).toString('hex'),
  previousRootSecrets: [],
  pinnedKey: undefined,
  rotationDays: 30,
  jwksMaxAgeSeconds: 300,
};
const ROWS: Readonly<Record<string, string>> = {
  roles: 'admin\t{}\nuser\t{}\n',
  users: '1\tada\n',
  empty: '',
};

function headerOf(more: Partial<BackupHeader> = {}): BackupHeader {
  return {
    created_at: '2026-01-02T03:04:05.678Z',
    version: '0.1.0',
    server_version: '18.4',
    issuer: 'http://localhost:3000',
    migrations: ['Initial1763769600000'],
    secret: secretFingerprint(KEYS),
    salt: newSalt(),
    tables: Object.entries(ROWS).map(([name, text]) => ({
      name,
      columns: ['a', 'b'],
      rows: text.split('\n').length - 1,
    })),
    partitions: [],
    sequences: [],
    ...more,
  };
}

async function written(header = headerOf(), rows = ROWS): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of backupBytes(header, KEYS, async function* ({ name }) {
    yield Buffer.from(rows[name] ?? '');
  }))
    parts.push(part);
  return Buffer.concat(parts);
}

async function* inChunks(file: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < file.length; at += size) yield file.subarray(at, at + size);
}

async function read(file: Buffer, { keys = KEYS, chunk = 65_536 } = {}): Promise<Record<string, string>> {
  const reading = await BackupReading.open(inChunks(file, chunk), keys);
  const found: Record<string, string> = {};
  for await (const { table, rows } of reading.pieces())
    found[table.name] = (found[table.name] ?? '') + rows.toString();
  return found;
}

const refusalOf = async (file: Buffer, options = {}): Promise<string> =>
  read(file, options).then(
    () => 'restored',
    (error: Error) => (error.name === 'BackupFault' ? error.message : `${error.name}: ${error.message}`),
  );

describe('a backup', () => {
  it.each([1, 7, 65_536])('is read as it was written, in chunks of %d bytes', async (chunk) => {
    expect(await read(await written(), { chunk })).toEqual(ROWS);
  });

  it('holds a table that is larger than a piece', async () => {
    const rows = { ...ROWS, users: `${randomBytes(PIECE).toString('hex')}\n`.repeat(2) };
    expect(await read(await written(headerOf(), rows))).toEqual(rows);
  });

  it('is refused where it ends early, wherever that is', async () => {
    const file = await written();
    for (let length = 0; length < file.length; length++) {
      expect(await refusalOf(file.subarray(0, length))).toMatch(
        /^the file (?:is no backup|ends before the backup does)/,
      );
    }
  });

  it('is refused where a bit of it was changed, whichever that is', async () => {
    const file = await written();
    for (let at = 0; at < file.length; at++) {
      const changed = Buffer.from(file);
      changed.writeUInt8(changed.readUInt8(at) ^ (1 << (at % 8)), at);
      expect(await refusalOf(changed)).toMatch(
        /^the (?:file (?:is no|was changed|ends before)|backup (?:belongs to another|was made by a newer))/,
      );
    }
  });

  it('is refused where something follows it', async () => {
    const file = await written();
    expect(await refusalOf(Buffer.concat([file, Buffer.from('\n')]))).toMatch(/^the file was changed/);
    expect(await refusalOf(Buffer.concat([file, file]))).toMatch(/^the file was changed/);
  });

  it('is refused with the rows of another backup', async () => {
    const [one, other] = [await written(), await written(headerOf(), { ...ROWS, users: '1\teve\n' })];
    const headerEnd = (file: Buffer) =>
      file.indexOf('\n', file.indexOf('\n', file.indexOf('\n') + 1) + 1) + 1;
    const mixed = Buffer.concat([one.subarray(0, headerEnd(one)), other.subarray(headerEnd(other))]);
    expect(await refusalOf(mixed)).toMatch(/^the file was changed/);
  });

  it('is refused under another root secret, and read where that is a former one', async () => {
    const file = await written();
    const rootSecret = randomBytes(32).toString('hex');
    expect(await refusalOf(file, { keys: { ...KEYS, rootSecret } })).toMatch(
      /^the backup belongs to another root secret/,
    );
    const previousRootSecrets = [KEYS.rootSecret ?? ''];
    expect(await read(file, { keys: { ...KEYS, rootSecret, previousRootSecrets } })).toEqual(ROWS);
  });
});
