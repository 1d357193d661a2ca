import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { duplicateKey } from './json-keys.js';
import { anyText } from '../../../test/support/fuzz/any-text.js';

describe('a duplicate key in one object is found', () => {
  it.each([
    ['{"a":1,"a":1}', 'a'],
    ['{"a":1,"b":2,"a":3}', 'a'],
    ['{"a":1,"b":2,"b":3,"a":4}', 'b'],
    [' { "a" : 1 ,\n\t"a"\r\n:2 } ', 'a'],
    ['{"":1,"":2}', ''],
    ['{"a":1,"\\u0061":2}', 'a'],
    ['{"\\u0061":1,"\\u0061":2}', 'a'],
    ['{"\\u00e9":1,"é":2}', 'é'],
    ['{"\\ud83d\\udd11":1,"🔑":2}', '🔑'],
    ['{"\\n":1,"\\u000a":2}', '\n'],
    ['{"a/b":1,"a\\/b":2}', 'a/b'],
    ['{"\\"":1,"\\u0022":2}', '"'],
    ['{"\\\\":1,"\\u005c":2}', '\\'],
    ['{"__proto__":1,"__proto__":2}', '__proto__'],
    ['{"constructor":1,"constructor":2}', 'constructor'],
    ['{"}{":1,"}{":2}', '}{'],
    ['{":":1,":":2}', ':'],
    ['{",\\"":1,",\\"":2}', ',"'],
    ['{"x":{"a":1,"a":2}}', 'a'],
    ['{"x":[{"a":1},{"a":1,"a":2}]}', 'a'],
    ['[[{"a":1,"a":2}]]', 'a'],
    ['{"x":{"a":1},"x":{"b":2}}', 'x'],
    ['{"x":[1,2],"x":[]}', 'x'],
    ['{"x":"x","x":"y"}', 'x'],
    ['{"a":{"a":1},"a":2}', 'a'],
  ])('%s', (json, key) => {
    expect(() => JSON.parse(json) as unknown).not.toThrow();
    expect(duplicateKey(json)).toBe(key);
  });

  it('for any key, values and depth', () => {
    const key = anyText();
    fc.assert(
      fc.property(key, fc.jsonValue(), fc.jsonValue(), fc.nat(3), (name, one, two, depth) => {
        const [k, a, b] = [name, one, two].map((value) => JSON.stringify(value));
        const object = `{${k}:${a},${k}:${b}}`;
        const json = `${'{"outer":['.repeat(depth)}${object}${']}'.repeat(depth)}`;
        expect(duplicateKey(json)).toBe(name);
      }),
      { numRuns: 500 },
    );
  });
});

describe('no key is found where every object has each key once:', () => {
  it.each([
    '{}',
    '[]',
    'null',
    '"a"',
    '1',
    ' {} ',
    '{"a":1,"A":2}',
    '{"a":1,"a ":2}',
    '{"a":{"a":{"a":1}}}',
    '{"a":{"b":1},"c":{"b":1}}',
    '[{"a":1},{"a":1}]',
    '{"a":[{"a":1},{"a":1}]}',
    '{"a":"a","b":"a"}',
    '{"a":["a","a","b","b"]}',
    '{"a":"\\"b\\":1,\\"b\\":2"}',
    '{"a":"{\\"b\\":1,\\"b\\":2}"}',
    '{"a":"\\\\","b":"\\\\"}',
    '{"é":1,"e\\u0301":2}',
    '{"__proto__":1,"constructor":2,"toString":3,"hasOwnProperty":4}',
    '{"a":"b:","c":"d:"}',
    '{"a":-1.5e+10,"b":true,"c":false,"d":null}',
  ])('%s', (json) => {
    expect(() => JSON.parse(json) as unknown).not.toThrow();
    expect(duplicateKey(json)).toBeUndefined();
  });

  it('for any value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat(4), (value, indent) => {
        expect(duplicateKey(JSON.stringify(value, null, indent))).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });
});

describe('a long text', () => {
  it.each([
    ['of quotation marks', `{"a":"${'\\"'.repeat(4000)}"}`],
    ['of backslashes', `{"a":"${'\\\\'.repeat(4000)}"}`],
    ['of lists', `{"a":${'['.repeat(4000)}${']'.repeat(4000)}}`],
    ['of keys', `{${Array.from({ length: 1000 }, (_, at) => `"k${at}":0`).join(',')}}`],
  ])('%s is read in linear time', (_name, json) => {
    const started = performance.now();
    expect(duplicateKey(json)).toBeUndefined();
    expect(performance.now() - started).toBeLessThan(500);
  });
});
