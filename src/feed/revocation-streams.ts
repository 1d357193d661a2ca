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

/** Followers of one instance; each has the memory of an EventStream at most. */
export const FOLLOWERS_MAX = 100;
/** How often a follower hears that it is up to date, in milliseconds. */
const BEAT_MS = 2000;
/** A follower that is behind for so many beats in a row does not read, and is cut. */
const LATE_BEATS = 2;
/** Rows of one statement when a follower reads what it has missed; more at once are not told as news. */
const PAGE = 500;
/** How long a follower waits before it connects again, in milliseconds. */
const RETRY = Buffer.from('retry: 1000\n\n');
/** Keeps the connection open while there is nothing true to say. */
const SILENCE = Buffer.from(':\n\n');

interface Follower {
  readonly stream: EventStream;
  readonly mayFollow: () => boolean;
  /** What it has read from the database goes up to here. */
  place: number;
  /** It has read everything there, so that a place further on may be told. */
  loaded: boolean;
  /** Something came that it has to read from there. */
  behind: boolean;
  /** It shall hear that it is up to date. */
  due: boolean;
  /** Beats in a row at which too much waited for it. */
  lateBeats: number;
}

/**
 * The followers of this instance's revocations. What was in force before is read from the database once for each; news
 * are those that the instance reads for itself, so that a hundred followers cost no statement.
 *
 * `id` is a place in the order of the feed from which nothing is missed (see RevocationPages.page). A row
 * that is not settled yet is told at once, without one; the place moves on when it is. A follower hears `current` right
 * after a reading and never otherwise: an instance that cannot catch up reassures nobody.
 */
@Injectable()
export class RevocationStreams implements OnModuleInit, OnModuleDestroy {
  private readonly followers = new Set<Follower>();
  private readonly beats = new Periodic(async () => this.beat(), BEAT_MS);
  private unsettled: ReadonlyMap<string, Buffer> = new Map();
  private place: number | undefined;

  constructor(
    private readonly feed: RevocationFeed,
    private readonly pages: RevocationPages,
    private readonly lifecycle: Lifecycle,
    @Inject(LOG) private readonly log: Log,
  ) {}

  onModuleInit(): void {
    this.feed.follow((news) => this.tell(news));
    this.lifecycle.onDrain(() => this.endAll());
    this.beats.start();
  }

  async onModuleDestroy(): Promise<void> {
    this.endAll();
    await this.beats.stop();
  }

  /**
   * A stream of the rows after a place, or of all in force, and of what comes. It ends when `mayFollow` says no.
   * @throws AppError `overloaded`, `unavailable` while shutting down, and the database's error
   */
  async open(after: number, mayFollow: () => boolean): Promise<EventStream> {
    if (this.lifecycle.draining) throw new AppError('unavailable', { diagnosis: { cause: 'shutting down' } });
    if (this.followers.size >= FOLLOWERS_MAX) {
      throw new AppError('overloaded', { detail: 'Too many services follow here, try again in a moment' });
    }
    const state = { place: after, loaded: false, behind: false, due: false, lateBeats: 0 };
    const follower: Follower = { stream: new EventStream(), mayFollow, ...state };
    // From here on it hears the news, so that none falls between them and what is read now.
    this.followers.add(follower);
    follower.stream.once('close', () => this.followers.delete(follower));
    follower.stream.send(RETRY);
    for (const text of this.unsettled.values()) follower.stream.send(text);
    try {
      const isMore = await this.loadPage(follower);
      this.load(follower, isMore);
    } catch (error) {
      follower.stream.destroy();
      throw error;
    }
    return follower.stream;
  }

  private load(follower: Follower, isMore: boolean): void {
    void this.loadRest(follower, isMore).catch((error: unknown) => {
      this.log.warn({ err: error }, 'a follower of revocations is cut: they cannot be read');
      follower.stream.destroy();
    });
  }

  private async loadRest(follower: Follower, isMore: boolean): Promise<void> {
    let goOn = isMore;
    while (goOn && !follower.stream.destroyed) {
      await follower.stream.drained();
      goOn = await this.loadPage(follower);
    }
    follower.loaded = true;
    follower.due = true;
    await this.feed.catchUp();
  }

  /** Sends what comes after the follower's place, as much as a page holds. @returns whether there may be more */
  private async loadPage(follower: Follower): Promise<boolean> {
    follower.behind = false;
    const page = await this.page(follower.place);
    for (const row of page) follower.stream.send(revocation(row, row.seq));
    follower.place = page.at(-1)?.seq ?? follower.place;
    return page.length === PAGE || follower.behind;
  }

  private page(after: number): Promise<FeedRow[]> {
    return this.pages.page({ after, limit: PAGE });
  }

  private tell({ rows, at, anew }: CaughtUp): void {
    // Another history, in which places mean nothing.
    if (anew) this.endAll();
    const [told, before] = [this.unsettled, this.place];
    const open = rows.filter(({ settled }) => !settled);
    this.unsettled = new Map(open.map((row) => [row.id, told.get(row.id) ?? revocation(row)]));
    const fresh = rows.filter(({ id }) => !told.has(id));
    const isBurst = fresh.length > PAGE;
    for (const row of fresh) if (!isBurst || !row.settled) this.tellRow(row);
    this.place = rows.findLast(({ settled }) => settled)?.seq ?? before;
    if (isBurst) this.loadFrom(before ?? 0);
    this.tellCurrent(at);
  }

  private tellRow(row: NewRow): void {
    if (this.followers.size === 0) return;
    // Followers share the bytes.
    const unplaced = this.unsettled.get(row.id) ?? revocation(row);
    const placed = row.settled ? revocation(row, row.seq) : unplaced;
    for (const { stream, loaded } of this.followers) stream.send(loaded ? placed : unplaced);
  }

  /** More at once than may wait for a follower: each reads it from the database, at its own pace, as at the start. */
  private loadFrom(place: number): void {
    for (const follower of this.followers) {
      follower.behind = true;
      if (!follower.loaded) continue;
      Object.assign(follower, { loaded: false, due: false, place });
      this.load(follower, true);
    }
  }

  private tellCurrent(at: number): void {
    const current = eventText('current', { at: new Date(at).toISOString() }, this.place);
    for (const follower of this.followers) {
      if (!follower.mayFollow()) follower.stream.end();
      else if (follower.due) follower.stream.send(current);
      follower.due = false;
    }
  }

  private beat(): void {
    for (const follower of this.followers) {
      if (!follower.mayFollow()) follower.stream.end();
      else if (follower.due) follower.stream.send(SILENCE);
      follower.due = follower.loaded;
      follower.lateBeats = follower.stream.isBehind ? follower.lateBeats + 1 : 0;
      if (follower.lateBeats >= LATE_BEATS) follower.stream.destroy();
    }
  }

  private endAll(): void {
    for (const { stream } of this.followers) stream.end();
  }
}

function revocation(row: FeedRow, place?: number): Buffer {
  return eventText('revocation', toRevocationDto(row), place);
}
