/**
 * Characters that a terminal obeys or that change how the text around them looks: controls (C0, DEL, C1), line and
 * paragraph separators, and format characters such as bidirectional overrides. Joiners are part of words and emoji.
 */
const UNSAFE = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
const BEYOND_ASCII = /[^\n\x20-\x7e]/;

/** A text whose unsafe characters are written `\uXXXX`; line ends stay. JSON keeps its meaning. */
export function escaped(text: string): string {
  if (!BEYOND_ASCII.test(text)) return text;
  return text.replace(UNSAFE, (character) => (character === '\n' ? character : codeUnits(character)));
}

/** A JSON escape, or an unsafe character; the line ends of a stack are left alone. */
const IN_JSON = new RegExp(`\\\\n(?= {4}at )|\\\\u[0-9a-f]{4}|\\\\.|${UNSAFE.source}`, 'giu');
/** Escapes that stand for a visible character. */
const VISIBLE = /^(?:\\["\\/]|\\n)$/;

/**
 * A line of JSON whose strings hold the escapes of their unsafe characters as text, for a reader that prints the
 * strings: after parsing, a line feed is the two characters `\n`.
 */
export function escapedTwice(line: string): string {
  return line.replace(IN_JSON, (found, at: number) => {
    if (!found.startsWith('\\')) return found === '\n' ? found : codeUnits(found).replaceAll('\\', '\\\\');
    const isStackLine = found === '\\n' && line.startsWith('    at ', at + 2);
    return VISIBLE.test(found) && (found !== '\\n' || isStackLine) ? found : `\\${found}`;
  });
}

function codeUnits(character: string): string {
  let text = '';
  for (let index = 0; index < character.length; index++)
    text += `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`;
  return text;
}
