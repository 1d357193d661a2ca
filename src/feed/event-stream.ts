import { Readable } from 'node:stream';

/** What may wait for a follower for more than a moment, and at any moment. */
const UNREAD_BYTES = 1024 * 1024;
const UNREAD_MAX_BYTES = 16 * UNREAD_BYTES;
/** How long a follower may take to read the end, in milliseconds. */
const END_WITHIN_MS = 1000;

/** One event of a stream of events (WHATWG HTML section 9.2): `data` is JSON, which has no line breaks. */
export function eventText(event: string, data: object, id?: number): Buffer {
  const place = id === undefined ? '' : `id: ${id}\n`;
  return Buffer.from(`${place}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}

/** The body of an answer of `text/event-stream`. Memory is bounded: who does not read is cut. */
export class EventStream extends Readable {
  private wanted: (() => void) | undefined;
  private ending = false;

  /** Sends text whole; nothing once the stream has ended. Followers share the bytes. */
  send(text: Buffer): void {
    if (this.destroyed || this.ending) return;
    this.push(text);
    if (this.readableLength > UNREAD_MAX_BYTES) this.destroy();
  }

  /** Resolves once the follower has read most of what was sent, or is gone. */
  async drained(): Promise<void> {
    if (this.destroyed || this.readableLength < this.readableHighWaterMark) return;
    await new Promise<void>((resolve) => (this.wanted = resolve));
  }

  /** Whether more waits for the follower than may for long. */
  get isBehind(): boolean {
    return this.readableLength > UNREAD_BYTES;
  }

  /** Ends the answer as if it were whole: the follower comes back. */
  end(): void {
    if (this.destroyed || this.ending) return;
    this.ending = true;
    this.push(null);
    setTimeout(() => this.destroy(), END_WITHIN_MS).unref();
  }

  override _read(): void {
    this.wanted?.();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.wanted?.();
    done(error);
  }
}
