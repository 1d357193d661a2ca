/** RFC 9562, as tokens spell it: a version of today, or one of the two ids of all zeros and all ones. */
const UUID =
  /^(?:[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}|0{8}-0{4}-0{4}-0{4}-0{12}|f{8}-f{4}-f{4}-f{4}-f{12})$/i;
const VERSION_7 = /^.{14}7/;

export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** The time in milliseconds that a UUIDv7 carries (RFC 9562 section 5.7), or undefined where the text is none. */
export function idTime(id: string): number | undefined {
  if (!isUuid(id) || !VERSION_7.test(id)) return undefined;
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}
