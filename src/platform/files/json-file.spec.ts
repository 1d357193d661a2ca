import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jsonRecords } from './json-file.js';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'json-file-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function recordsOf(text: string): Promise<unknown[]> {
  const path = join(folder, 'file.json');
  await writeFile(path, text);
  const file = await open(path);
  try {
    const records: unknown[] = [];
    for await (const rows of jsonRecords(file)) records.push(...rows.map(({ fields }) => fields));
    return records;
  } finally {
    await file.close();
  }
}

const RECORDS = fc.array(fc.dictionary(fc.string(), fc.jsonValue()), { maxLength: 20 });
const LARGE = { realm: { text: 'x'.repeat(200_000) } };

describe('the records of a JSON file', () => {
  it('are the elements of its array, whatever they hold', async () => {
    await fc.assert(
      fc.asyncProperty(RECORDS, fc.constantFrom(0, 2), async (records, indent) => {
        expect(await recordsOf(JSON.stringify(records, null, indent))).toEqual(
          JSON.parse(JSON.stringify(records)),
        );
      }),
      { numRuns: 50 },
    );
  });

  it('are the elements of the array "users" of its object, and no others', async () => {
    await fc.assert(
      fc.asyncProperty(RECORDS, async (users) => {
        const others = { list: [{ a: 1 }], deep: { users: [{ b: 2 }] }, text: 'users' };
        const document = { ...others, ...LARGE, users, after: [{ c: [{ d: 3 }] }] };
        expect(await recordsOf(JSON.stringify(document))).toEqual(JSON.parse(JSON.stringify(users)));
      }),
      { numRuns: 20 },
    );
  });

  it('are objects that follow one another', async () => {
    expect(await recordsOf('\ufeff{"a":"}\\"{"}\n{"users":"[{}]"} {"b":[{"c":1}]}')).toEqual([
      { a: '}"{' },
      { users: '[{}]' },
      { b: [{ c: 1 }] },
    ]);
  });

  it('that cannot be read are undefined, and the others are read', async () => {
    const long = JSON.stringify({ a: 'x'.repeat(70_000) });
    expect(await recordsOf(`[{"a":1}, {"b":}, ${long}, {"c":"\\u0041"}, {"d":`)).toEqual([
      { a: 1 },
      undefined,
      undefined,
      { c: 'A' },
      undefined,
    ]);
  });
});
