/** RFC 9562: versions 1 to 8, the nil UUID and the max UUID. */
const UUID =
  /^(?:[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}|0{8}-0{4}-0{4}-0{4}-0{12}|f{8}-f{4}-f{4}-f{4}-f{12})$/i;
const VERSION_7 = /^.{14}7/;

export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** The time in a UUIDv7 (RFC 9562 section 5.7), in milliseconds since the Unix epoch; undefined for any other text. */
export function idTime(id: string): number | undefined {
  if (!isUuid(id) || !VERSION_7.test(id)) return undefined;
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}
