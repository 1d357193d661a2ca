import {
  boundedFetch,
  Deadline,
  failedFetch,
  jittered,
  RevocationSet,
  type VerifierClock,
} from '@latchkey/token-rules';
import { EventParser, type ServerEvent } from './event-parser.js';
import type { FeedToken } from './feed-access.js';
import { feedRow, type FeedRow } from './feed-row.js';
import { ServiceTime } from './service-time.js';

/** A stream without a `current` event for this long is closed and opened again, in milliseconds. */
const SILENT_MS = 6000;
/** Between two rounds of polling, and the first pause after a failure, in milliseconds. */
const POLL_MS = 900;
/** The longest pause after failures, in milliseconds. */
const BACKOFF_MAX_MS = 5000;
/** Before the stream is opened again after the service ended it in good order, in milliseconds. */
const RECONNECT_MS = 100;
const PAGE_ROWS = 100;
const PAGE_MAX_BYTES = 1024 * 1024;

export interface FollowerOptions {
  /** The base URL of the service, without a trailing slash. */
  readonly url: string;
  readonly token: FeedToken;
  readonly clock: VerifierClock;
  /** Called with each row when it is added to the set. */
  readonly onRow: (row: FeedRow) => void;
  /** Called with each error that is retried. */
  readonly report: (error: unknown) => void;
  /** Turns the length of a pause, in milliseconds, into the time to wait. Default: {@link jittered}. */
  readonly pauseMs?: (milliseconds: number) => number;
}

/** A moment on both clocks, in milliseconds. */
interface Moment {
  readonly elapsed: number;
  readonly now: number;
}

/**
 * Keeps every revocation in force in memory. Reads the stream, and polls pages while the stream is unavailable. Reports
 * how old its knowledge is; the caller decides how old it may be.
 */
export class RevocationFollower {
  readonly set = new RevocationSet();
  private readonly stopping = new AbortController();
  private readonly loops: Promise<unknown>[] = [];
  /** The feed's position: the `Last-Event-ID` of the stream and the `after` of a page. */
  private cursor = '';
  private upToDateAt: Moment | undefined;
  private isStreaming = false;
  /** An upper bound for the monotonic clock minus the service's time: messages arrive after they were sent. */
  private clockOffset = Infinity;
  private lastPage: { readonly cursor: string; readonly etag: string } | undefined;
  private readyListeners: Array<(isReady: boolean) => void> = [];

  constructor(private readonly options: FollowerOptions) {}

  start(): void {
    if (this.loops.length > 0) return;
    this.loops.push(this.repeat(() => this.stream(), RECONNECT_MS));
    // Polling starts later, so that the stream can connect first.
    this.loops.push(this.pause(POLL_MS).then(() => this.repeat(() => this.poll(), POLL_MS)));
  }

  async close(): Promise<void> {
    this.stopping.abort();
    for (const resolve of this.readyListeners.splice(0)) resolve(false);
    await Promise.all(this.loops);
  }

  /** Resolves with true when every revocation in force is known, or with false when the follower is closed before. */
  ready(): Promise<boolean> {
    return this.upToDateAt
      ? Promise.resolve(true)
      : new Promise((resolve) => this.readyListeners.push(resolve));
  }

  /**
   * Milliseconds since every revocation in force was known; Infinity before the first time. Takes the larger answer of
   * the two clocks, so setting the clock back or suspending the machine never lowers it.
   */
  stalenessMs(): number {
    if (!this.upToDateAt) return Infinity;
    const { clock } = this.options;
    return Math.max(clock.elapsed() - this.upToDateAt.elapsed, clock.now() - this.upToDateAt.now);
  }

  /** Runs a round again and again until the follower is closed, with exponential backoff after failures. */
  private async repeat(round: () => Promise<void>, pauseMs: number): Promise<void> {
    let failures = 0;
    while (!this.stopping.signal.aborted) {
      try {
        await round();
        failures = 0;
      } catch (error) {
        if (this.stopping.signal.aborted) return;
        failures++;
        this.options.report(error);
      }
      const backoff = Math.min(POLL_MS * 2 ** (failures - 1), BACKOFF_MAX_MS);
      await this.pause(failures === 0 ? pauseMs : backoff);
    }
  }

  /** Reads the stream until the service ends it, which it does when the access token expires. @throws Error */
  private async stream(): Promise<void> {
    const silence = new Deadline(SILENT_MS, 'the stream of revocations is silent', this.stopping.signal);
    let chunks: ReadableStreamDefaultReader<Uint8Array> | undefined;
    try {
      const serviceTime = new ServiceTime(this.options.clock, SILENT_MS);
      const parser = new EventParser(this.cursor);
      const decoder = new TextDecoder();
      chunks = (await silence.race(this.openStream(silence.signal))).getReader();
      for (;;) {
        const { value: chunk, done } = await silence.race(chunks.read());
        if (done) return;
        this.isStreaming = true;
        // A large feed takes long to load; until its first `current` event every chunk counts as a sign of life.
        if (!serviceTime.isKnown) silence.extend();
        for (const event of parser.push(decoder.decode(chunk, { stream: true }))) {
          if (event.event === 'current') silence.extend();
          this.handle(event, serviceTime);
        }
      }
    } finally {
      silence.end();
      // Aborting the signal does not close a stream whose request was garbage collected.
      chunks?.cancel().catch(() => undefined);
      this.isStreaming = false;
    }
  }

  private async openStream(signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const url = `${this.options.url}/revocations/stream`;
    const headers = {
      ...(await this.authorization(signal)),
      accept: 'text/event-stream',
      ...(this.cursor !== '' && { 'last-event-id': this.cursor }),
    };
    const answer = await fetch(url, { headers, signal, redirect: 'error' }).catch((error: unknown) => {
      throw failedFetch(url, error);
    });
    if (answer.status === 200 && answer.body) return answer.body;
    if (answer.status === 401) this.options.token.forget();
    await answer.body?.cancel();
    throw new Error(`${url} answered ${answer.status}`);
  }

  private handle({ event, data, lastId }: ServerEvent, serviceTime: ServiceTime): void {
    if (event === 'revocation') this.add(feedRow(JSON.parse(data)));
    else if (event === 'current') {
      const sentAt = serviceTime.momentOf((JSON.parse(data) as { at?: unknown }).at);
      this.clockOffset = serviceTime.offset;
      this.markUpToDate(sentAt);
    }
    this.cursor = lastId;
  }

  /** Reads new rows page by page, unless the stream is connected. @throws Error */
  private async poll(): Promise<void> {
    if (this.isStreaming) return;
    const [elapsed, now] = [this.options.clock.elapsed(), this.options.clock.now()];
    while (await this.readPage());
    if (!this.isStreaming) this.markUpToDate({ elapsed, now });
  }

  /** @returns whether there is another page */
  private async readPage(): Promise<boolean> {
    const { signal } = this.stopping;
    const { cursor } = this;
    const url = `${this.options.url}/revocations`;
    const condition: Record<string, string> =
      this.lastPage?.cursor === cursor ? { 'if-none-match': this.lastPage.etag } : {};
    const answer = await boundedFetch(
      `${url}?limit=${PAGE_ROWS}&after=${cursor || '0'}`,
      { headers: { ...(await this.authorization(signal)), ...condition } },
      { maxBytes: PAGE_MAX_BYTES, signal },
    );
    if (answer.status === 304) return false;
    if (answer.status === 401) this.options.token.forget();
    if (answer.status !== 200) throw new Error(`${url} answered ${answer.status}`);
    const rows = (JSON.parse(answer.text) as unknown[]).map(feedRow);
    for (const row of rows) this.add(row);
    this.lastPage = { cursor, etag: answer.headers.get('etag') ?? '' };
    // The stream may be further on by now. Moving the cursor back is safe: rows may be added twice.
    this.cursor = String(rows.at(-1)?.seq ?? cursor);
    return rows.length === PAGE_ROWS;
  }

  private add(row: FeedRow): void {
    this.clockOffset = Math.min(this.clockOffset, this.options.clock.elapsed() - row.createdAt);
    this.set.add(row);
    this.options.onRow(row);
  }

  private markUpToDate(at: Moment): void {
    this.upToDateAt = at;
    // A row is removed when its tokens have expired by the local clock and by the service's time. The service's time
    // does not jump with the local clock: setting that clock ahead and back must not revive a revoked token.
    const { clock } = this.options;
    this.set.removeExpired(Math.min(clock.now(), clock.elapsed() - this.clockOffset));
    for (const resolve of this.readyListeners.splice(0)) resolve(true);
  }

  private async authorization(signal: AbortSignal): Promise<Record<string, string>> {
    const deadline = new Deadline(SILENT_MS, 'no access token for the feed arrived in time', signal);
    try {
      const token = await deadline.race(this.options.token.get(deadline.signal));
      return { authorization: `Bearer ${token}` };
    } finally {
      deadline.end();
    }
  }

  private pause(milliseconds: number): Promise<void> {
    const { signal } = this.stopping;
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, (this.options.pauseMs ?? jittered)(milliseconds));
      timer.unref();
      signal.addEventListener('abort', done);
    });
  }
}
