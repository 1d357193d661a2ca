import { boundedFetch, jittered, type VerifierClock, Deadline, RevocationSet } from '@latchkey/token-rules';
import { EventParser, type ServerEvent } from './event-parser.js';
import type { FeedToken } from './feed-access.js';
import { feedRow, type FeedRow } from './feed-row.js';

/** A stream that does not say for so long that it is up to date is given up, in milliseconds. */
const SILENT_MS = 6000;
/** Between two pages where the stream cannot be had, and the longest pause after failures, in milliseconds. */
const POLL_MS = 900;
const BACKOFF_MAX_MS = 5000;
/** After a stream that was ended in good order. */
const RECONNECT_MS = 100;
const PAGE_ROWS = 100;
const PAGE_MAX_BYTES = 1024 * 1024;

export interface FollowerOptions {
  /** Where the service answers, without a slash at the end. */
  readonly url: string;
  readonly token: FeedToken;
  readonly clock: VerifierClock;
  /** Called with each row, before it counts as known. */
  readonly onRow: (row: FeedRow) => void;
  readonly report: (error: unknown) => void;
  /** How long a pause of so many milliseconds lasts; {@link jittered} where absent. */
  readonly pauseMs?: (milliseconds: number) => number;
}

/**
 * Every revocation in force, in memory: from the stream, and from pages while there is none. Knows when it was up to
 * date for the last time; what comes of that is for the caller.
 */
export class RevocationFollower {
  readonly set = new RevocationSet();
  private readonly stopping = new AbortController();
  private readonly running: Promise<unknown>[] = [];
  private place = '';
  private known: { readonly elapsed: number; readonly now: number } | undefined;
  private isStreaming = false;
  /** How far our steady clock is ahead of the service's time, or more: what it says takes a while to come. */
  private ahead = Infinity;
  private page: { readonly place: string; readonly etag: string } | undefined;
  private wakers: Array<(isReady: boolean) => void> = [];

  constructor(private readonly options: FollowerOptions) {}

  start(): void {
    if (this.running.length > 0) return;
    this.running.push(this.again(() => this.stream(), RECONNECT_MS));
    // The stream has a moment to come first.
    this.running.push(this.pause(POLL_MS).then(() => this.again(() => this.poll(), POLL_MS)));
  }

  async close(): Promise<void> {
    this.stopping.abort();
    for (const wake of this.wakers.splice(0)) wake(false);
    await Promise.all(this.running);
  }

  /** Resolves with true when everything in force is known for the first time, with false when this is closed before. */
  ready(): Promise<boolean> {
    return this.known ? Promise.resolve(true) : new Promise((resolve) => this.wakers.push(resolve));
  }

  /** Milliseconds since everything revoked was known. Neither a clock that is set back nor a sleep makes it less. */
  stalenessMs(): number {
    if (!this.known) return Infinity;
    const { clock } = this.options;
    return Math.max(clock.elapsed() - this.known.elapsed, clock.now() - this.known.now);
  }

  /** Does something until this is closed; after failures with pauses that grow. */
  private async again(round: () => Promise<void>, pauseMs: number): Promise<void> {
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

  /** Reads the stream until the service ends it, as it does when the token expires. @throws Error */
  private async stream(): Promise<void> {
    const silence = new Deadline(SILENT_MS, 'the stream of revocations is silent', this.stopping.signal);
    let chunks: ReadableStreamDefaultReader<Uint8Array> | undefined;
    try {
      const told = new Told(this.options.clock);
      const parser = new EventParser(this.place);
      const decoder = new TextDecoder();
      chunks = (await silence.race(this.openStream(silence.signal))).getReader();
      for (;;) {
        const { value: chunk, done } = await silence.race(chunks.read());
        if (done) return;
        this.isStreaming = true;
        // Loading a large feed takes a while, and is no silence.
        if (!told.hasBegun) silence.putOff();
        for (const event of parser.push(decoder.decode(chunk, { stream: true }))) {
          if (event.event === 'current') silence.putOff();
          this.take(event, told);
        }
      }
    } finally {
      silence.end();
      // The signal alone does not reach a stream whose request was garbage already.
      chunks?.cancel().catch(() => undefined);
      this.isStreaming = false;
    }
  }

  private async openStream(signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const answer = await fetch(`${this.options.url}/revocations/stream`, {
      headers: {
        ...(await this.authorization(signal)),
        accept: 'text/event-stream',
        ...(this.place !== '' && { 'last-event-id': this.place }),
      },
      signal,
      redirect: 'error',
    });
    if (answer.status === 200 && answer.body) return answer.body;
    if (answer.status === 401) this.options.token.forget();
    await answer.body?.cancel();
    throw new Error(`the stream of revocations answered ${answer.status}`);
  }

  private take({ event, data, lastId }: ServerEvent, told: Told): void {
    if (event === 'revocation') this.add(feedRow(JSON.parse(data)));
    else if (event === 'current') {
      const since = told.since((JSON.parse(data) as { at?: unknown }).at);
      this.ahead = told.ahead;
      this.upToDate(since);
    }
    this.place = lastId;
  }

  /** Reads what is new page by page, unless the stream tells it. @throws Error */
  private async poll(): Promise<void> {
    if (this.isStreaming) return;
    const [elapsed, now] = [this.options.clock.elapsed(), this.options.clock.now()];
    while (await this.readPage());
    if (!this.isStreaming) this.upToDate({ elapsed, now });
  }

  /** @returns whether there is another page */
  private async readPage(): Promise<boolean> {
    const { signal } = this.stopping;
    const { place } = this;
    const known: Record<string, string> =
      this.page?.place === place ? { 'if-none-match': this.page.etag } : {};
    const answer = await boundedFetch(
      `${this.options.url}/revocations?limit=${PAGE_ROWS}&after=${place || '0'}`,
      { headers: { ...(await this.authorization(signal)), ...known } },
      { maxBytes: PAGE_MAX_BYTES, signal },
    );
    if (answer.status === 304) return false;
    if (answer.status === 401) this.options.token.forget();
    if (answer.status !== 200) throw new Error(`the feed of revocations answered ${answer.status}`);
    const rows = (JSON.parse(answer.text) as unknown[]).map(feedRow);
    for (const row of rows) this.add(row);
    this.page = { place, etag: answer.headers.get('etag') ?? '' };
    // The stream may have gone on meanwhile; going back a little costs rows that come twice.
    this.place = String(rows.at(-1)?.seq ?? place);
    return rows.length === PAGE_ROWS;
  }

  private add(row: FeedRow): void {
    this.ahead = Math.min(this.ahead, this.options.clock.elapsed() - row.createdAt);
    this.set.add(row);
    this.options.onRow(row);
  }

  private upToDate(since: { readonly elapsed: number; readonly now: number }): void {
    this.known = since;
    // By our time its tokens must have expired, and by the service's, which a step of our clock does not move: a clock
    // that is set back brings tokens to life again.
    const { clock } = this.options;
    this.set.removeExpired(Math.min(clock.now(), clock.elapsed() - this.ahead));
    for (const wake of this.wakers.splice(0)) wake(true);
  }

  private async authorization(signal: AbortSignal): Promise<Record<string, string>> {
    const deadline = new Deadline(SILENT_MS, 'no token for the feed came in time', signal);
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

/**
 * When, by our own clocks, the service said something. Its clock is another one, so only the differences count: what
 * lay in a buffer is as old as it is later than the promptest of the same stream.
 */
class Told {
  private offset = Infinity;

  constructor(private readonly clock: VerifierClock) {}

  get hasBegun(): boolean {
    return this.offset !== Infinity;
  }

  /** Of our steady clock before the service's time, as the promptest message has it. */
  get ahead(): number {
    return this.offset;
  }

  /** @throws Error where it comes so late that either the stream is of no use, or one of the clocks was set */
  since(time: unknown): { elapsed: number; now: number } {
    const at = Date.parse(String(time));
    const elapsed = this.clock.elapsed();
    this.offset = Math.min(this.offset, elapsed - at);
    const late = elapsed - at - this.offset;
    if (!(late < SILENT_MS)) throw new Error('the stream of revocations is late');
    return { elapsed: elapsed - late, now: this.clock.now() - late };
  }
}
