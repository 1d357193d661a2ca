import { describe, expect, it } from '@jest/globals';
import { cutValues, editDistance, misspelledNames } from './setting-warnings.js';

const SETTINGS = new Set(['JWT_ALGORITHM', 'PORT', 'HOST', 'SECRET_KEY', 'LOG_LEVEL', 'SECRET_KEY_FILE']);

describe('a value of a file that a # cuts', () => {
  it.each(['KEY=abc#def', 'KEY = abc#def', 'export KEY=a b#c', 'KEY=#abc', 'KEY="a#b"c', 'KEY=a#b # note\r'])(
    'is warned of by its name: %s',
    (line) => {
      const text = `OTHER=1\n${line}\n`;
      expect(cutValues(text)).toEqual([
        { setting: 'KEY', message: expect.stringContaining('between quotation marks') },
      ]);
    },
  );

  it.each([
    'KEY=abc # a note',
    'KEY="abc#def"',
    "KEY='#'",
    'KEY=`a#b`',
    '# KEY=a#b',
    'KEY= # a note',
    'KEY="abc" # note',
    'KEY="a\nB=c#d"',
  ])('is none in %j', (text) => expect(cutValues(text)).toEqual([]));
});

describe('a name that is nearly a setting', () => {
  it.each([
    ['JWT_ALGORITM', 'JWT_ALGORITHM'],
    ['JWT_ALGORITHMS', 'JWT_ALGORITHM'],
    ['JWT_ALGROITHM', 'JWT_ALGORITHM'],
    ['JWT-ALGORITHM', 'JWT_ALGORITHM'],
    ['jwt_algorithm', 'JWT_ALGORITHM'],
    ['LOG_LEVLE', 'LOG_LEVEL'],
  ])('is warned of, in files and in the environment: %s', (name, meant) => {
    for (const careful of [false, name !== 'JWT-ALGORITHM']) {
      expect(misspelledNames([name], SETTINGS, careful)).toEqual([
        { setting: name, message: expect.stringContaining(`did you mean ${meant}?`) },
      ]);
    }
  });

  it('is not warned of where the setting is given too, or the name is a setting', () => {
    expect(misspelledNames(['JWT_ALGORITM', 'JWT_ALGORITHM', 'SECRET_KEY_FILE'], SETTINGS, false)).toEqual(
      [],
    );
  });

  it.each(['POST', 'PORTS', 'PATH', 'HOSTS', 'XPC_FLAGS', 'LOGNAME', 'LOG_DIR', 'SECRET_STORE', 'HOSTNAME'])(
    'is not made of the variables of other programs: %s',
    (name) => expect(misspelledNames([name], SETTINGS, true)).toEqual([]),
  );
});

it.each([
  ['', '', 0],
  ['a', '', 1],
  ['abc', 'acb', 1],
  ['kitten', 'sitting', 3],
])('the distance of %j and %j is %i', (a, b, distance) => {
  expect(editDistance(a, b)).toBe(distance);
});
