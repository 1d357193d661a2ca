import fc from 'fast-check';

const point = fc.oneof(
  fc.integer({ min: 0, max: 0x7f }),
  fc.integer({ min: 0x80, max: 0xd7ff }),
  fc.integer({ min: 0xe000, max: 0x10ffff }),
);

/** Text of any characters. fc.string's unit `binary` is equal, but builds a table of all characters per test file. */
export function anyText(length: { readonly minLength?: number; readonly maxLength?: number } = {}) {
  return fc.array(point, length).map((points) => String.fromCodePoint(...points));
}
