import type { TokenPair } from '../http/client.js';
import type { KeepAliveClient } from '../http/keep-alive-client.js';

export interface Presentation {
  /** Status of the answer; undefined if the connection broke. */
  readonly status: number | undefined;
  /** Begin and end, as of `performance.now()`. */
  readonly from: number;
  readonly to: number;
}

/**
 * A well-behaved client: it presents the newest refresh token that it received, and repeats that token after a fault.
 */
export class SessionHolder {
  /** Every pair that it received, oldest first. */
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

  /** Presents the newest refresh token once; true if the answer is a pair. */
  async present(client: KeepAliveClient): Promise<boolean> {
    const from = performance.now();
    const answer = await client.refresh(this.pair(0).refresh_token).catch(() => undefined);
    this.presentations.push({ status: answer?.status, from, to: performance.now() });
    if (answer?.status !== 200) return false;
    this.pairs.push(answer.body);
    return true;
  }
}
