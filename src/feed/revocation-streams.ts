import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { Lifecycle } from '../platform/http/lifecycle.js';
import { AppError } from '../platform/kernel/app-error.js';
import { LOG, type Log } from '../platform/kernel/log.js';
import { Periodic } from '../platform/pacing/periodic.js';
import { RevocationFeed, type CaughtUp } from '../revocation/revocation.feed.js';
import { RevocationPages } from '../revocation/revocation-pages.service.js';
import type { FeedRow, NewRow } from '../revocation/feed-rows.js';
import { toRevocationDto } from './dto/revocation.dto.js';
import { EventStream, eventText } from './event-stream.js';

/** Streams that one instance serves. Each holds at most the memory of an EventStream. */
export const FOLLOWERS_MAX = 100;
/** Streams of one user or client on one instance, so that one follower cannot keep out all others. */
export const FOLLOWERS_PER_SUBJECT_MAX = 20;
/** How long a subject with too many streams is asked to wait, in seconds. */
const SURPLUS_RETRY_SECONDS = 30;
/** How often a stream sends `current`, in milliseconds. */
const HEARTBEAT_MS = 2000;
/** A follower with too many unread bytes at this many heartbeats in a row is disconnected. */
const LATE_HEARTBEATS_MAX = 2;
/** Rows of one page read from the database. A larger burst of new rows is not relayed but read in pages. */
const PAGE = 500;
/** How long a follower waits before it connects again, in milliseconds. */
const RETRY = Buffer.from('retry: 1000\n\n');
/** A comment line: keeps the connection open while the instance cannot vouch that it is up to date. */
const KEEP_ALIVE = Buffer.from(':\n\n');

interface Follower {
  /** The user or client that follows. */
  readonly subject: string;
  readonly stream: EventStream;
  readonly mayFollow: () => boolean;
  /** The `seq` of the last row that was read from the database for this follower. */
  cursor: number;
  /** Every row in the database was sent, so that new rows may be sent with an `id` beyond the cursor. */
  loaded: boolean;
  /** New rows arrived that were not relayed: the follower has to read them from the database. */
  hasMore: boolean;
  /** The next read of the feed is followed by `current`. */
  currentDue: boolean;
  /** Heartbeats in a row at which too many bytes were unread. */
  lateHeartbeats: number;
}

/**
 * The open streams of this instance. Each stream reads the rows in force from the database once. New rows are those that
 * the instance reads for itself, so a hundred followers cost no further statement.
 *
 * The `id` of an event is a cursor from which a follower misses no row (see RevocationPages.page). A row that is not
 * settled yet is sent at once, without an `id`; the cursor moves on when the row is settled. `current` is sent right after
 * a read of the feed and at no other time, so that an instance that cannot catch up never claims to be up to date.
 */
@Injectable()
export class RevocationStreams implements OnModuleInit, OnModuleDestroy {
  private readonly followers = new Set<Follower>();
  private readonly heartbeats = new Periodic(async () => this.heartbeat(), HEARTBEAT_MS);
  /** The events of the rows that were not settled at the last read, by the rows' ids. */
  private unsettled: ReadonlyMap<string, Buffer> = new Map();
  /** The `seq` of the last settled row. */
  private lastSettled: number | undefined;

  constructor(
    private readonly feed: RevocationFeed,
    private readonly pages: RevocationPages,
    private readonly lifecycle: Lifecycle,
    @Inject(LOG) private readonly log: Log,
  ) {}

  onModuleInit(): void {
    this.feed.follow((news) => this.relay(news));
    this.lifecycle.onDrain(() => this.endAll());
    this.heartbeats.start();
  }

  async onModuleDestroy(): Promise<void> {
    this.endAll();
    await this.heartbeats.stop();
  }

  /**
   * Opens a stream of the rows after a cursor (0: all rows in force) and then of new rows. It ends once `mayFollow`
   * returns false.
   * @param subject the user or client that follows
   * @throws AppError `overloaded`, `too_many_attempts`, `unavailable` while shutting down, and the database's error
   */
  async open(subject: string, after: number, mayFollow: () => boolean): Promise<EventStream> {
    if (this.lifecycle.draining) throw new AppError('unavailable', { diagnosis: { cause: 'shutting down' } });
    if (this.followers.size >= FOLLOWERS_MAX) {
      throw new AppError('overloaded', { detail: 'Too many services follow here, try again in a moment' });
    }
    this.assertShare(subject);
    const state = {
      subject,
      cursor: after,
      loaded: false,
      hasMore: false,
      currentDue: false,
      lateHeartbeats: 0,
    };
    const follower: Follower = { stream: new EventStream(), mayFollow, ...state };
    // The follower gets new rows before the first page is read, so that no row is lost between the two.
    this.followers.add(follower);
    follower.stream.once('close', () => this.followers.delete(follower));
    follower.stream.send(RETRY);
    for (const text of this.unsettled.values()) follower.stream.send(text);
    try {
      const hasNext = await this.loadPage(follower);
      this.load(follower, hasNext);
    } catch (error) {
      follower.stream.destroy();
      throw error;
    }
    return follower.stream;
  }

  private assertShare(subject: string): void {
    const own = [...this.followers].filter((follower) => follower.subject === subject).length;
    if (own < FOLLOWERS_PER_SUBJECT_MAX) return;
    throw new AppError('too_many_attempts', {
      detail: `You have ${FOLLOWERS_PER_SUBJECT_MAX} open streams here, which is the most; close one first`,
      headers: { 'retry-after': String(SURPLUS_RETRY_SECONDS) },
      diagnosis: { cause: 'too many streams of one subject', subject },
    });
  }

  private load(follower: Follower, hasNext: boolean): void {
    void this.loadRest(follower, hasNext).catch((error: unknown) => {
      this.log.warn({ err: error }, 'a stream of revocations is closed: the database could not be read');
      follower.stream.destroy();
    });
  }

  private async loadRest(follower: Follower, hasNext: boolean): Promise<void> {
    let unread = hasNext;
    while (unread && !follower.stream.destroyed) {
      await follower.stream.drained();
      unread = await this.loadPage(follower);
    }
    follower.loaded = true;
    follower.currentDue = true;
    await this.feed.catchUp();
  }

  /** Sends the page after the follower's cursor. @returns whether there may be another page */
  private async loadPage(follower: Follower): Promise<boolean> {
    follower.hasMore = false;
    const page = await this.pages.page({ after: follower.cursor, limit: PAGE });
    for (const row of page) follower.stream.send(revocation(row, row.seq));
    follower.cursor = page.at(-1)?.seq ?? follower.cursor;
    return page.length === PAGE || follower.hasMore;
  }

  /** Sends the rows of a read to every follower, then `current`. */
  private relay({ rows, at, anew }: CaughtUp): void {
    // The database has another history now, in which the followers' cursors mean nothing.
    if (anew) this.endAll();
    const [sent, before] = [this.unsettled, this.lastSettled];
    const open = rows.filter(({ settled }) => !settled);
    this.unsettled = new Map(open.map((row) => [row.id, sent.get(row.id) ?? revocation(row)]));
    const fresh = rows.filter(({ id }) => !sent.has(id));
    const isBurst = fresh.length > PAGE;
    for (const row of fresh) if (!isBurst || !row.settled) this.sendRow(row);
    this.lastSettled = rows.findLast(({ settled }) => settled)?.seq ?? before;
    if (isBurst) this.reloadFrom(before ?? 0);
    this.sendCurrent(at);
  }

  private sendRow(row: NewRow): void {
    if (this.followers.size === 0) return;
    // All followers share these buffers.
    const withoutId = this.unsettled.get(row.id) ?? revocation(row);
    const withId = row.settled ? revocation(row, row.seq) : withoutId;
    for (const { stream, loaded } of this.followers) stream.send(loaded ? withId : withoutId);
  }

  /** Lets each follower read a burst from the database at its own pace: the rows would not fit into its buffer. */
  private reloadFrom(cursor: number): void {
    for (const follower of this.followers) {
      follower.hasMore = true;
      if (!follower.loaded) continue;
      Object.assign(follower, { loaded: false, currentDue: false, cursor });
      this.load(follower, true);
    }
  }

  private sendCurrent(at: number): void {
    const current = eventText('current', { at: new Date(at).toISOString() }, this.lastSettled);
    for (const follower of this.followers) {
      if (!follower.mayFollow()) follower.stream.end();
      else if (follower.currentDue) follower.stream.send(current);
      follower.currentDue = false;
    }
  }

  private heartbeat(): void {
    for (const follower of this.followers) {
      if (!follower.mayFollow()) follower.stream.end();
      else if (follower.currentDue) follower.stream.send(KEEP_ALIVE);
      follower.currentDue = follower.loaded;
      follower.lateHeartbeats = follower.stream.isBehind ? follower.lateHeartbeats + 1 : 0;
      if (follower.lateHeartbeats >= LATE_HEARTBEATS_MAX) follower.stream.destroy();
    }
  }

  private endAll(): void {
    for (const { stream } of this.followers) stream.end();
  }
}

function revocation(row: FeedRow, id?: number): Buffer {
  return eventText('revocation', toRevocationDto(row), id);
}
