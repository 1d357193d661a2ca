/** A string literal, or one of JSON's structural characters. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]/g;

/**
 * The first duplicate key of any object in a JSON text, or undefined. Some parsers keep the last value and others the
 * first, so such a token would mean two things; RFC 7515 section 4 and RFC 7519 section 4 let it be refused.
 * @param json a text that `JSON.parse` accepts
 */
export function duplicateKey(json: string): string | undefined {
  const open: Array<Set<string> | undefined> = [];
  let text: string | undefined;
  for (const [token] of json.matchAll(TOKEN)) {
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(undefined);
    else if (token === '}' || token === ']') open.pop();
    else if (token === ':' && text !== undefined) {
      // A string before a colon is a key. It is parsed, because escapes can spell one key in several ways.
      const key = JSON.parse(text) as string;
      const keys = open.at(-1);
      if (keys?.has(key)) return key;
      keys?.add(key);
    }
    text = token.startsWith('"') ? token : undefined;
  }
  return undefined;
}
