import type { TokenPair } from '../http/client.js';
import type { KeepAliveClient } from '../http/keep-alive-client.js';

const EVERY_MS = 5;
/** One request in this number is a refresh, the others are verifications. */
const TURNS_A_REFRESH = 19;

export interface TrafficOptions {
  /** Requests sent per second, independent of earlier answers. */
  readonly perSecond: number;
  /** The instance of the first, second, third … request. */
  readonly way: (turn: number) => KeepAliveClient;
  /**
   * The sessions, used in turn. If their number and that of the instances have no common divisor, every session is
   * verified and refreshed on all instances.
   */
  readonly pairs: readonly TokenPair[];
}

export interface TrafficReport {
  /** Number of answers by status and code; `answers_broken` and `answers_refused` count requests without an answer. */
  readonly answers: Readonly<Record<string, number>>;
  readonly answersASecond: number;
}

/**
 * Well-behaved clients that verify and sometimes refresh. The time of each request is fixed at the start, so a slow
 * answer does not delay later requests or lower the rate.
 */
export class Traffic {
  private readonly pairs: TokenPair[];
  private readonly tally = new Map<string, number>();
  private readonly underWay = new Set<Promise<void>>();
  private readonly refreshing = new Set<number>();
  private readonly start = performance.now();
  private readonly timer: NodeJS.Timeout;
  private sent = 0;

  constructor(private readonly options: TrafficOptions) {
    this.pairs = [...options.pairs];
    this.timer = setInterval(() => {
      const due = ((performance.now() - this.start) / 1000) * options.perSecond;
      while (this.sent < due) this.send(this.sent++);
    }, EVERY_MS);
  }

  /** Ends it and waits for the last answers. */
  async stop(): Promise<TrafficReport> {
    clearInterval(this.timer);
    await Promise.all(this.underWay);
    const seconds = (performance.now() - this.start) / 1000;
    const answers = [...this.tally].map(([what, times]) => [`answers_${what}`, times] as const);
    return { answers: Object.fromEntries(answers), answersASecond: this.sent / seconds };
  }

  private send(turn: number): void {
    const answered = this.ask(turn)
      // A broken connection is counted as a failure.
      .catch((error: unknown) =>
        (error as { code?: unknown }).code === 'ECONNREFUSED' ? 'refused' : 'broken',
      )
      .then((what) => void this.tally.set(what, (this.tally.get(what) ?? 0) + 1))
      .finally(() => this.underWay.delete(answered));
    this.underWay.add(answered);
  }

  private async ask(turn: number): Promise<string> {
    const client = this.options.way(turn);
    const seat = turn % this.pairs.length;
    const pair = this.pairs[seat] as TokenPair;
    // One refresh of a session at a time: a refresh overtaken by two others would look like theft.
    if (turn % TURNS_A_REFRESH !== 0 || this.refreshing.has(seat)) {
      return outcome(await client.ask('GET', '/auth/verify', { token: pair.access_token }));
    }
    this.refreshing.add(seat);
    const answer = await client.refresh(pair.refresh_token).finally(() => this.refreshing.delete(seat));
    if (answer.status === 200) this.pairs[seat] = answer.body;
    return outcome(answer);
  }
}

function outcome({
  status,
  body,
}: {
  readonly status: number;
  readonly body: Record<string, unknown>;
}): string {
  return status === 200 ? '200' : `${status}_${String(body['code'])}`;
}
