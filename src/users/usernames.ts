/** Scripts in everyday use today: recommended and limited use of UAX 31, tables 5 and 7. */
const SCRIPTS = `
  Arabic Armenian Bengali Bopomofo Cyrillic Devanagari Ethiopic Georgian Greek Gujarati Gurmukhi Han Hangul Hebrew
  Hiragana Kannada Katakana Khmer Lao Latin Malayalam Myanmar Oriya Sinhala Tamil Telugu Thaana Thai Tibetan
  Adlam Balinese Bamum Batak Canadian_Aboriginal Chakma Cham Cherokee Hanifi_Rohingya Javanese Kayah_Li Lepcha Limbu
  Lisu Mandaic Meetei_Mayek Miao New_Tai_Lue Newa Nko Nyiakeng_Puachue_Hmong Ol_Chiki Osage Saurashtra Sundanese
  Syloti_Nagri Syriac Tai_Le Tai_Tham Tai_Viet Tifinagh Vai Wancho Yi`.match(/\w+/g) as string[];
/** Scripts that are written together: Japanese, Chinese and Korean with Latin (UTS 39, highly restrictive). */
const TOGETHER = [
  ['Latin', 'Han', 'Hiragana', 'Katakana'],
  ['Latin', 'Han', 'Bopomofo'],
  ['Latin', 'Han', 'Hangul'],
];

const FORM = /^[\p{L}\p{N}][\p{L}\p{M}\p{N}._-]{2,63}(?<![._-])$/u;
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/u;
/** Marks that pile up (UTS 39 section 5.4): five in a row, or one twice. */
const PILED_MARKS = /\p{Mn}{5}|(\p{Mn})\1/u;
const ASCII = /^[\x20-\x7e]*$/;
const WRITTEN_TOGETHER = [...SCRIPTS.map((script) => [script]), ...TOGETHER].map(
  (scripts) => new RegExp(`^[${[...scripts, 'Common', 'Inherited'].map(ofScript).join('')}]*$`, 'u'),
);

/**
 * Whether a text may be a user name, in NFKC: 3 to 64 letters, marks and digits, with dots, underscores and hyphens in
 * between; all characters visible and of one script, or of scripts that are written together (UTS 39 section 5.2). An @
 * is no part of it, so that a user name is no e-mail address.
 */
export function isUsername(name: string): boolean {
  if (!FORM.test(name) || INVISIBLE.test(name) || PILED_MARKS.test(name.normalize('NFD'))) return false;
  return ASCII.test(name) || WRITTEN_TOGETHER.some((form) => form.test(name));
}

function ofScript(script: string): string {
  return `\\p{Script_Extensions=${script}}`;
}
