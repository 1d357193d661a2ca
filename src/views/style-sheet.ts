import { createHash } from 'node:crypto';
import text from './styles/latchkey.css';

/** The style sheet of the pages. Its name holds a digest of its content, so browsers may keep it for ever. */
export const STYLE_SHEET = {
  text,
  name: `latchkey-${createHash('sha256').update(text).digest('hex').slice(0, 16)}.css`,
} as const;
