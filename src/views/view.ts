import type { FieldCode } from '../platform/kernel/error-codes.js';
import type { Texts } from './texts/en.js';

/** The operator's brand, from the settings. */
export interface Brand {
  readonly name: string;
}

/** The parts of a view that every page has. */
export interface PageFrame {
  readonly texts: Texts;
  readonly brand: Brand;
  /** The issuer's path, which begins every link: empty, or such as `/id`. */
  readonly base: string;
  /** The path of the style sheet, with the digest of its content. */
  readonly styles: string;
}

/** A refused form: the faults of its fields, and a sentence about the whole of it. */
export interface FormFaults {
  /** The sentence above the form; the general summary where absent. */
  readonly message?: string | undefined;
  /** The sentence beside each refused field, by the field's name. */
  readonly fields: Readonly<Record<string, string>>;
}

/** The sentence for a refused field in the page's language. */
export function fieldText(texts: Texts, code: FieldCode): string {
  return texts.fields[code];
}
