import type { TokenPair } from '../http/client.js';
import type { KeepAliveClient } from '../http/keep-alive-client.js';

const EVERY_MS = 5;
/** Every so many requests one is a refresh, the others are verifications. */
const TURNS_A_REFRESH = 19;

export interface TrafficOptions {
  /** How many requests are sent in a second, whatever becomes of those before. */
  readonly perSecond: number;
  /** Where the first, second, third … request goes. */
  readonly way: (turn: number) => KeepAliveClient;
  /**
   * The sessions that are used in turn. Where their number and that of the instances have no common divisor, every
   * session is verified and refreshed on all of them.
   */
  readonly pairs: readonly TokenPair[];
}

export interface TrafficReport {
  /** How many answers there were by `answers_200`, or status and code; `answers_broken` and `answers_refused` got none. */
  readonly answers: Readonly<Record<string, number>>;
  readonly answersASecond: number;
}

/**
 * Honest clients who verify and now and then refresh. Each request has its time from the start: one that was late does
 * not delay the others, and the rate is not the client's to lower.
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
      // A connection that broke is no answer at all, and counts as one that must not be.
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
    // One refresh of a session at a time, as honest clients do: one that is overtaken by two others would be theft.
    if (turn % TURNS_A_REFRESH !== 0 || this.refreshing.has(seat)) {
      return told(await client.ask('GET', '/auth/verify', { token: pair.access_token }));
    }
    this.refreshing.add(seat);
    const answer = await client.refresh(pair.refresh_token).finally(() => this.refreshing.delete(seat));
    if (answer.status === 200) this.pairs[seat] = answer.body;
    return told(answer);
  }
}

function told({ status, body }: { readonly status: number; readonly body: Record<string, unknown> }): string {
  return status === 200 ? '200' : `${status}_${String(body['code'])}`;
}
