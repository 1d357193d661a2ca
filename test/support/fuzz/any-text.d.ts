import fc from 'fast-check';
/** Text of any characters. fc.string's unit `binary` is the same, and makes a table of all of them in each test file. */
export declare function anyText(length?: {
  readonly minLength?: number;
  readonly maxLength?: number;
}): fc.Arbitrary<string>;
