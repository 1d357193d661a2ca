import { describe, expect, it } from '@jest/globals';
import { Writable } from 'node:stream';
import { createLog, NestLog, safeError, type LogOptions } from './log.js';

const MARK = 'MARKED-SECRET';

/** An error as the log writes it. */
function logged(error: unknown): string {
  return JSON.stringify(safeError(error));
}

function write(format: LogOptions['format'], say: (log: ReturnType<typeof createLog>) => void): string {
  let text = '';
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      done();
    },
  });
  say(createLog({ level: 'debug', format, destination }));
  return text;
}

describe('the logged form of an error', () => {
  it('has its type, message, code, constraint, table and stack', () => {
    const error = Object.assign(new TypeError('no such table'), {
      code: '42P01',
      table: 'users',
      constraint: 'uq',
    });
    expect(safeError(error)).toEqual({
      type: 'TypeError',
      code: '42P01',
      constraint: 'uq',
      table: 'users',
      message: 'no such table',
      stack: expect.stringContaining('log.spec.ts'),
    });
  });

  it('has none of the properties that drivers and clients add', () => {
    const error = Object.assign(new Error('failed'), {
      query: `SELECT '${MARK}'`,
      parameters: [MARK],
      detail: `Key (email)=(${MARK}) already exists.`,
      where: MARK,
      driverError: Object.assign(new Error(MARK), { detail: MARK }),
      config: { headers: { authorization: MARK } },
      request: { body: MARK },
      code: '23505',
    });
    expect(logged(error)).not.toContain(MARK);
  });

  it.each(['22P02', '22021', '22001', '22P05'])(
    'has neither message nor stack where they quote data: %s',
    (code) => {
      const error = Object.assign(new Error(`invalid input syntax for type uuid: "${MARK}"`), { code });
      expect(logged(error)).not.toContain(MARK);
      expect(safeError(error)).toMatchObject({ type: 'Error', code });
    },
  );

  it('has neither of them for such an error in its causes', () => {
    const cause = Object.assign(new Error(`invalid input syntax: "${MARK}"`), { code: '22P02' });
    expect(logged(new Error('the query failed', { cause }))).not.toContain(MARK);
    expect(logged(new Error('outer', { cause: new Error('inner', { cause }) }))).not.toContain(MARK);
  });

  it('is the type alone for a value that is no error', () => {
    for (const thrown of [MARK, { message: MARK }, [MARK]]) expect(logged(thrown)).not.toContain(MARK);
    expect([safeError(undefined), safeError(null), safeError(1)]).toEqual([
      { type: 'undefined' },
      { type: 'object' },
      { type: 'number' },
    ]);
  });
});

describe('the log', () => {
  it('writes one JSON object a line, whatever it holds', () => {
    const text = write('json', (log) => {
      log.info({ note: 'a\nb"\u2028' }, 'two\nlines');
      log.error({ err: new Error('a\nb') }, 'failed');
    });
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toMatchObject([
      { level: 'info', note: 'a\nb"\u2028', msg: 'two\nlines' },
      { level: 'error', err: { type: 'Error', message: 'a\nb' }, msg: 'failed' },
    ]);
    expect(lines[0]?.['time']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  it.each(['json', 'pretty'] as const)('reduces an error in either format: %s', (format) => {
    const error = Object.assign(new Error('failed'), { parameters: [MARK], query: MARK });
    const text = write(format, (log) => log.error({ err: error }, 'request failed'));
    expect(text).toContain('request failed');
    expect(text).not.toContain(MARK);
  });

  /** C0, DEL, C1, bidirectional overrides and isolates, marks, separators, zero width, tags. */
  const HOSTILE = [
    0x00, 0x07, 0x08, 0x0a, 0x0d, 0x1b, 0x7f, 0x80, 0x85, 0x9b, 0x9d, 0x61c, 0x200b, 0x200e, 0x200f, 0x2028,
    0x2029, 0x202a, 0x202d, 0x202e, 0x2066, 0x2067, 0x2069, 0xfeff, 0xfff9, 0x1d173, 0xe0001, 0xd800,
  ].map((code) => String.fromCodePoint(code));

  it('of either format shows characters that a terminal obeys as escapes, wherever they stand', () => {
    for (const format of ['json', 'pretty'] as const) {
      for (const character of HOSTILE) {
        const value = `a${character}b`;
        const text = write(format, (log) => {
          log.warn({ kid: value, nested: { list: [value], [value]: 1 } }, value);
          log.error({ err: new Error(value, { cause: new TypeError(value) }) }, 'failed');
        });
        const escape = JSON.stringify(character).length > 4 ? JSON.stringify(character).slice(1, -1) : '\\';
        expect(text).toContain(escape);
        const plain = text.replaceAll(/\n(?= {4}|\{|\[|$)/g, '');
        expect(plain).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
      }
    }
  });

  it('in JSON keeps the meaning of each text', () => {
    const value = `C:\\new "\\u0085" ${HOSTILE.slice(0, -1).join('-')} é 👩‍💻`;
    const text = write('json', (log) => log.info({ value }, value));
    expect(JSON.parse(text)).toMatchObject({ value, msg: value });
  });

  it('in the pretty format keeps the lines of a stack, quotes and backslashes', () => {
    const text = write('pretty', (log) => log.error({ err: new Error('x') }, 'C:\\new "quoted" é'));
    expect(text).toContain('C:\\new "quoted" é');
    expect(text).toMatch(/\n +at .*log\.spec/);
  });

  it('writes the messages of Nest at the levels of the service', () => {
    const text = write('json', (log) => {
      const nest = new NestLog(log);
      nest.log('started');
      nest.warn('careful');
      nest.error('broken');
    });
    const levels = text
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as Record<string, unknown>)['level']);
    expect(levels).toEqual(['debug', 'warn', 'error']);
  });
});
