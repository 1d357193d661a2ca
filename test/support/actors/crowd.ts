import { setTimeout as delay } from 'node:timers/promises';
import type { KeepAliveClient } from '../http/keep-alive-client.js';
import { eventually } from '../service/process.js';
import type { SessionHolder } from './session-holder.js';

const RETRY_MS = 5;
const MOVED_WITHIN_MS = 10_000;

/** Clients that refresh all the time, each its own session, and after a fault try again with the token they know. */
export class Crowd {
  private refreshing: Promise<unknown> = Promise.resolve();
  private paused = true;

  /** @param way what to ask at the first, second, third … try: where one instance is down, another is asked the same */
  constructor(
    readonly holders: readonly SessionHolder[],
    private readonly way: (turn: number) => KeepAliveClient,
  ) {}

  resume(): void {
    this.paused = false;
    this.refreshing = Promise.all(this.holders.map((holder, seat) => this.refresh(holder, seat)));
    // A refusal is told by pause(); until then it must not be an unhandled one.
    this.refreshing.catch(() => undefined);
  }

  /** Resolves when nobody refreshes any more. @throws Error where somebody was refused */
  async pause(): Promise<void> {
    this.paused = true;
    await this.refreshing;
  }

  /** Resolves when everybody got some more pairs. @throws Error where that takes too long */
  async moved(pairs = 5): Promise<void> {
    const goals = this.holders.map((holder) => holder.pairs.length + pairs);
    await eventually(MOVED_WITHIN_MS, async () =>
      this.holders.every((holder, seat) => holder.pairs.length >= (goals[seat] ?? 0)),
    );
  }

  private async refresh(holder: SessionHolder, seat: number): Promise<void> {
    for (let turn = seat; !this.paused; turn++) {
      if (await holder.present(this.way(turn))) continue;
      const status = holder.presentations.at(-1)?.status;
      if (status !== undefined && status !== 503) throw new Error(`a refresh was answered ${status}`);
      await delay(RETRY_MS);
    }
  }
}
