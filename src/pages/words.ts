import type { Texts } from '../views/texts/en.js';

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const;

/** A time of the past in words, such as "5 minutes ago". */
export function ago(texts: Texts, then: Date, nowMs: number): string {
  const format = new Intl.RelativeTimeFormat(texts.language, { numeric: 'auto' });
  const passed = Math.max(0, nowMs - then.getTime());
  const [unit, length] = UNITS.find(([, ms]) => passed >= ms) ?? (['minute', 60_000] as const);
  return format.format(-Math.floor(passed / length), unit);
}

/** A day, such as "25 Nov 2026". */
export function day(texts: Texts, time: Date): string {
  return new Intl.DateTimeFormat(texts.language === 'en' ? 'en-GB' : texts.language, {
    dateStyle: 'medium',
    timeZone: 'UTC',
  }).format(time);
}

/** A browser and its system in words, such as "Firefox on Linux"; undefined where the header says neither. */
export async function deviceOf(userAgent: string | null): Promise<string | undefined> {
  if (userAgent === null) return undefined;
  const { default: bowser } = await import('bowser');
  const { browser, os } = bowser.parse(userAgent);
  const words = [browser.name, os.name].filter((name) => name !== undefined && name !== '');
  return words.length === 0 ? userAgent.slice(0, 60) || undefined : words.join(', ');
}
