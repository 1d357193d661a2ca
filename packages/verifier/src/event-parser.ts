/** One event of an event stream (WHATWG HTML section 9.2.6). */
export interface ServerEvent {
  readonly event: string;
  readonly data: string;
  /** The id of this event, else of the last event that had one; empty where no event had one. */
  readonly lastId: string;
}

/** The longest event that is accepted, in characters. Latchkey's are below two thousand. */
const EVENT_MAX = 64 * 1024;
const LINE_END = /\r\n|\n|\r/;

/** Parses `text/event-stream` (WHATWG HTML section 9.2.5) from chunks of any size. */
export class EventParser {
  private rest = '';
  private size = 0;
  private data: string[] = [];
  private event = '';
  private lastId: string;

  constructor(lastId = '') {
    this.lastId = lastId;
  }

  /** The events that a further chunk completes. @throws Error where an event is longer than 64 Ki characters */
  push(chunk: string): ServerEvent[] {
    const events: ServerEvent[] = [];
    let text = this.rest + chunk;
    for (;;) {
      const end = LINE_END.exec(text);
      // A carriage return at the end of a chunk may be the first half of CRLF.
      if (!end || (end[0] === '\r' && end.index === text.length - 1)) break;
      const event = this.line(text.slice(0, end.index));
      if (event) events.push(event);
      text = text.slice(end.index + end[0].length);
    }
    this.rest = text;
    if (this.size + text.length > EVENT_MAX) throw new Error('an event is too long');
    return events;
  }

  private line(line: string): ServerEvent | undefined {
    if (line === '') return this.dispatch();
    this.size += line.length;
    const [, field = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (field === 'data') this.data.push(value);
    else if (field === 'event') this.event = value;
    else if (field === 'id' && !value.includes('\0')) this.lastId = value;
    return undefined;
  }

  private dispatch(): ServerEvent | undefined {
    const { data, event, lastId } = this;
    [this.data, this.event, this.size] = [[], '', 0];
    return data.length === 0 ? undefined : { event: event || 'message', data: data.join('\n'), lastId };
  }
}
