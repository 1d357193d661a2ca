import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';

/**
 * The text of a file, without the mark of UTF-8 at its begin, or the fault of its encoding: replaced bytes would make
 * two different secrets read alike.
 * @throws the system's error where the file cannot be read
 */
export function textOfFile(file: string): { readonly text: string } | { readonly fault: string } {
  const bytes = readFileSync(file);
  if (isUtf16(bytes)) return { fault: 'is UTF-16: save it as UTF-8' };
  if (!isUtf8(bytes)) return { fault: 'is not valid UTF-8: save it as UTF-8' };
  return { text: bytes.toString('utf8').replace(/^\uFEFF/, '') };
}

/** UTF-16 begins with its mark, or has zeros for most of its characters. */
function isUtf16(bytes: Buffer): boolean {
  const mark = bytes.subarray(0, 2).toString('hex');
  const zeros = bytes.filter((byte) => byte === 0).length;
  return mark === 'fffe' || mark === 'feff' || zeros * 4 > bytes.length;
}
