import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { AppError } from '../kernel/app-error.js';
import { ERROR_CODES, FIELD_CODES, type ErrorCode } from '../kernel/error-codes.js';
import { problem } from '../http/problem.filter.js';

const SOURCE = new URL('../../', import.meta.url);
/** The package of token checks that the service and the verifier share. */
const SHARED = new URL('../../../packages/token-rules/src/', import.meta.url);
const document = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
const codes = Object.keys(ERROR_CODES) as ErrorCode[];

/** Challenges that the code raising the error sets in place of the default. */
const OWN_CHALLENGES: Partial<Record<ErrorCode, string>> = {
  insufficient_scope: 'Bearer error="insufficient_scope", scope="…"',
  invalid_client: 'Basic realm="latchkey"',
};

/** The rows of the table under a heading, without backticks. */
function rowsOf(heading: string): string[][] {
  const [, section = ''] = document.split(`\n## ${heading}\n`);
  const lines = section.split('\n## ', 1)[0]?.split('\n') ?? [];
  const cells = lines.filter((line) => line.startsWith('| `')).map((line) => line.split('|').slice(1, -1));
  return cells.map((row) => row.map((cell) => cell.trim().replace(/^`(.*)`$/, '$1')));
}

/** The source that raises errors: without the tables, comments and API decorators. */
function raisingSource(): string {
  const text = [SOURCE, SHARED].flatMap(raisingFiles).join('\n');
  return text.replaceAll(/@Api\w+\([^)]*\)/g, '').replaceAll(/^ *(?:\/?\*|\/\/).*$/gm, '');
}

function raisingFiles(folder: URL): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'))
    .filter((file) => !/(?:error-codes|bearer-errors)\.ts$|^platform\/docs/.test(file))
    .map((file) => readFileSync(new URL(file, folder), 'utf8'));
}

describe('docs/errors.md', () => {
  it('lists exactly the codes of the table, each once with its status', () => {
    const documented = rowsOf('Codes').map(([code, status]) => [code, Number(status)]);
    expect(documented.sort()).toEqual(codes.map((code) => [code, ERROR_CODES[code].status]).sort());
  });

  it('names the challenge of each code', () => {
    const documented = rowsOf('Codes').map(([code, , challenge]) => [code, challenge]);
    const sent = codes.map((code) => {
      const { headers } = problem(new AppError(code), 'id', false);
      return [code, OWN_CHALLENGES[code] ?? headers['www-authenticate'] ?? ''];
    });
    expect(documented.sort()).toEqual(sent.sort());
  });

  it('says when each code happens and what to do', () => {
    for (const row of [
      ...rowsOf('Codes').map((cells) => cells.slice(3)),
      ...rowsOf('Fields').map((cells) => cells.slice(1)),
    ]) {
      expect(row).toEqual([expect.stringMatching(/.\.$/), expect.stringMatching(/.\.$/)]);
    }
  });

  it('lists exactly the field codes, each once', () => {
    expect(
      rowsOf('Fields')
        .map(([code]) => code)
        .sort(),
    ).toEqual(Object.keys(FIELD_CODES).sort());
  });

  it('lists the OAuth error and status of each code that differs under /oauth/*', () => {
    const documented = rowsOf('Under `/oauth/*`').map(([code, status, error]) => [
      code,
      Number(status),
      error,
    ]);
    const sent = codes
      .filter((code) => ERROR_CODES[code].oauth !== undefined)
      .map((code) => {
        const { status, body } = problem(new AppError(code), 'id', true);
        return [code, status, (JSON.parse(body) as Record<string, unknown>)['error']];
      });
    expect(documented.sort()).toEqual(sent.sort());
  });
});

describe('the table of codes', () => {
  const source = raisingSource();

  it.each(codes)('holds only codes that are raised: %s', (code) => {
    expect(source.includes(`'${code}'`)).toBe(true);
  });

  it.each(Object.keys(FIELD_CODES))('holds only field codes that are raised: %s', (code) => {
    expect(source.includes(`'${code}'`)).toBe(true);
  });
});
