import type { TokenPair } from '../http/client.js';
import type { KeepAliveClient } from '../http/keep-alive-client.js';

export interface Presentation {
  /** Of the answer; undefined where the connection broke instead. */
  readonly status: number | undefined;
  /** When it began and ended, as of `performance.now()`. */
  readonly from: number;
  readonly to: number;
}

/**
 * A client as it should be: it presents the newest refresh token it was answered, and after a fault that one again.
 */
export class SessionHolder {
  /** Every pair that was answered, oldest first. */
  readonly pairs: TokenPair[];
  readonly presentations: Presentation[] = [];

  constructor(first: TokenPair) {
    this.pairs = [first];
  }

  /** Counted from the newest: 0 is the live pair, 1 its parent, 2 its grandparent. */
  pair(generationsAgo: number): TokenPair {
    const pair = this.pairs.at(-1 - generationsAgo);
    if (!pair) throw new Error('the session is younger than that');
    return pair;
  }

  /** Presents the newest refresh token once, and tells whether that brought a pair. */
  async present(client: KeepAliveClient): Promise<boolean> {
    const from = performance.now();
    const answer = await client.refresh(this.pair(0).refresh_token).catch(() => undefined);
    this.presentations.push({ status: answer?.status, from, to: performance.now() });
    if (answer?.status !== 200) return false;
    this.pairs.push(answer.body);
    return true;
  }
}
