import { de } from './de.js';
import { en, type Texts } from './en.js';

/** The languages of the catalogue, by their tags of BCP 47. */
export const LANGUAGES = { en, de } as const satisfies Record<string, Texts>;
export type Language = keyof typeof LANGUAGES;

/**
 * The texts in the first language of `Accept-Language` (RFC 9110 section 12.5.4) that the catalogue has, else in the
 * fallback. An unreadable header counts as absent.
 */
export function textsFor(acceptLanguage: string | undefined, fallback: Language): Texts {
  const wanted = (acceptLanguage ?? '')
    .split(',')
    .map((range) => /^\s*([a-z]{1,8})(?:-[a-z0-9-]*)?\s*(?:;\s*q=([01](?:\.\d{0,3})?))?\s*$/i.exec(range))
    .filter((match) => match !== null)
    .map(([, tag = '', weight = '1']) => ({ tag: tag.toLowerCase(), weight: Number(weight) }))
    .filter(({ tag, weight }) => weight > 0 && tag in LANGUAGES)
    .sort((one, other) => other.weight - one.weight);
  return LANGUAGES[(wanted[0]?.tag ?? fallback) as Language];
}
