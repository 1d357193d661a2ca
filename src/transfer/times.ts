const TIME = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d{1,9})? ?(Z|UTC|[+-]\d\d(?::?\d\d)?)?$/;

/**
 * A time as RFC 3339, or as PostgreSQL and MySQL print it: `2024-01-02 03:04:05.678901+00`. Without an offset it is UTC.
 * @returns undefined for other texts and for dates that do not exist
 */
export function readTime(text: string): Date | undefined {
  const [, day, clock, fraction = '', zone = 'Z'] = TIME.exec(text) ?? [];
  if (day === undefined) return undefined;
  const [, hours, minutes = '00'] = /^([+-]\d\d):?(\d\d)?$/.exec(zone) ?? [];
  const time = new Date(
    `${day}T${clock}${fraction.slice(0, 4)}${hours === undefined ? 'Z' : `${hours}:${minutes}`}`,
  );
  return isDay(day, time) ? time : undefined;
}

/** Date accepts the 30th of February as a day of March. */
function isDay(day: string, time: Date): boolean {
  const midnight = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(time.getTime()) && midnight.toISOString().startsWith(day);
}
