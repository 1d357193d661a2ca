import { Readable } from 'node:stream';

/** Bytes that may stay unread for a few seconds, and the limit at any moment. */
const UNREAD_BYTES = 1024 * 1024;
const UNREAD_MAX_BYTES = 16 * UNREAD_BYTES;
/** How long a follower may take to read the rest of an ended stream, in milliseconds. */
const END_WITHIN_MS = 1000;

/** A server-sent event as text (WHATWG HTML section 9.2). `data` is sent as JSON, which has no line breaks. */
export function eventText(event: string, data: object, id?: number): Buffer {
  const idLine = id === undefined ? '' : `id: ${id}\n`;
  return Buffer.from(`${idLine}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}

/** The body of a `text/event-stream` response. Memory is bounded: a follower that does not read is disconnected. */
export class EventStream extends Readable {
  private onRead: (() => void) | undefined;
  private ending = false;

  /** Sends the whole text, or nothing once the stream has ended. Several streams may be given the same buffer. */
  send(text: Buffer): void {
    if (this.destroyed || this.ending) return;
    this.push(text);
    if (this.readableLength > UNREAD_MAX_BYTES) this.destroy();
  }

  /** Resolves once the follower has read most of the bytes, or has disconnected. */
  async drained(): Promise<void> {
    if (this.destroyed || this.readableLength < this.readableHighWaterMark) return;
    await new Promise<void>((resolve) => (this.onRead = resolve));
  }

  /** Whether more bytes are unread than may stay so for long. */
  get isBehind(): boolean {
    return this.readableLength > UNREAD_BYTES;
  }

  /** Ends the response as complete, so that the follower connects again. */
  end(): void {
    if (this.destroyed || this.ending) return;
    this.ending = true;
    this.push(null);
    setTimeout(() => this.destroy(), END_WITHIN_MS).unref();
  }

  override _read(): void {
    this.onRead?.();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.onRead?.();
    done(error);
  }
}
