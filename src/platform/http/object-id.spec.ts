import { describe, expect, it } from '@jest/globals';
import { objectId } from './object-id.js';

const ID = '019a0c5e-7b1a-7c3e-9f00-0a1b2c3d4e5f';

describe('the id of a path', () => {
  it('is returned in lower case', () => {
    expect(objectId(ID)).toBe(ID);
    expect(objectId(ID.toUpperCase())).toBe(ID);
  });

  it.each(['', 'me', ID.replaceAll('-', ''), `{${ID}}`, `${ID}\n`, `urn:uuid:${ID}`])(
    'is not found where it is no UUID: %j',
    (text) => {
      expect(() => objectId(text)).toThrow(expect.objectContaining({ code: 'not_found' }));
    },
  );
});
