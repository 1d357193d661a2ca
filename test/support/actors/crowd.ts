import { setTimeout as delay } from 'node:timers/promises';
import type { KeepAliveClient } from '../http/keep-alive-client.js';
import { eventually } from '../service/process.js';
import type { SessionHolder } from './session-holder.js';

const RETRY_MS = 5;
const MOVED_WITHIN_MS = 10_000;

/** Clients that refresh continuously, each its own session, and retry with their last token after a fault. */
export class Crowd {
  private refreshing: Promise<unknown> = Promise.resolve();
  private paused = true;

  /** @param way gives the instance for the first, second, third … try, so that a retry may reach another instance */
  constructor(
    readonly holders: readonly SessionHolder[],
    private readonly way: (turn: number) => KeepAliveClient,
  ) {}

  resume(): void {
    this.paused = false;
    this.refreshing = Promise.all(this.holders.map((holder, seat) => this.refresh(holder, seat)));
    // pause() reports a refusal; until then it must not count as an unhandled rejection.
    this.refreshing.catch(() => undefined);
  }

  /** Resolves when no client refreshes any more. @throws Error if a client was refused */
  async pause(): Promise<void> {
    this.paused = true;
    await this.refreshing;
  }

  /** Resolves when every client got some more pairs. @throws Error if that takes too long */
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
